"""What figure 3.1 asks: how a prompt is read, a picture with its price in bits, and one without each word."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sfumato.errors import RecipeError
from sfumato.inspect.numbers import rms
from sfumato.model import Model
from sfumato.samplers.base import Step
from sfumato.studio import asked
from sfumato.studio.answers import body_of, single, stream
from sfumato.studio.api_network import advanced, put, waiting
from sfumato.studio.frames import encode
from sfumato.studio.prompted import Read, Steered, kept, read, settings, steered, turned

MOST = 16
"""Words of a prompt that the figure takes."""


async def reading(request: Request) -> Response:
    """Words, tokens, and how the vectors of the words that stay turn when some are left out."""
    body = asked.known(await body_of(request), "prompt", "off")
    prompt, off = prompt_of(body)

    def question(model: Model) -> tuple[Read, list[float | None]]:
        return read(model, prompt), turned(model, prompt, off)

    found, turns = await put(request, question)
    length, features = found.states.shape
    entries = {"words": found.words, "tokens": found.tokens, "places": found.places, "turns": turns}
    return single("read", {**entries, "length": length, "features": features})


async def draw(request: Request) -> Response:
    """One picture: a frame for each step, then the picture with its bits, step by step and place by place."""
    body = asked.known(await body_of(request), "prompt", "off", "negative", "seed", "other", "share")
    prompt, off = prompt_of(body)
    seed, share = asked.seed(body), asked.number(body, "share", 0.0, 1.0, 0.0)
    between = {"prompt": asked.words(body, "other"), "seed": seed, "share": share} if share else None
    way = drawn(request, kept(prompt, off), seed=seed, negative=asked.words(body, "negative"), between=between)

    def frames() -> Iterator[bytes]:
        for found in way:
            if isinstance(found, Step):
                yield encode("step", {"i": found.i})
                continue
            told = {"levels": found.levels, "bits": found.bits, "numbers": found.numbers()}
            cells = found.cells.astype(np.float32)
            yield encode("picture", told | {"rows": len(cells)}, x=found.picture.astype(np.float16), cells=cells)

    return stream(frames())


async def leave(request: Request) -> Response:
    """The whole picture, then one without each word: a frame for each, with its distance from the first."""
    body = asked.known(await body_of(request), "prompt", "negative", "seed")
    prompt, _ = prompt_of(body)
    seed, negative = asked.seed(body), asked.words(body, "negative")

    def frames() -> Iterator[bytes]:
        first: np.ndarray | None = None
        for k in range(-1, len(prompt.split())):
            *_, whole = drawn(request, kept(prompt, (k,)), seed=seed, negative=negative)
            assert isinstance(whole, Steered)
            first = whole.picture if first is None else first
            told = {"word": k, "apart": rms(whole.picture - first), "bits": whole.numbers()["bits"]}
            yield encode("without", told, x=whole.picture.astype(np.float16))

    return stream(frames())


def drawn(request: Request, prompt: str, **options: Any) -> Iterator[Step | Steered]:
    """Drawn at the desk, a step a question: `prompted.steered`."""
    return advanced(waiting(request), lambda model: steered(model, prompt, **settings(model, **options)))


def prompt_of(body: Any) -> tuple[str, list[int]]:
    """The prompt and the numbers of the words that are left out. Raises RecipeError."""
    prompt, off = asked.words(body, "prompt"), body.get("off", [])
    if len(prompt.split()) > MOST:
        raise RecipeError(f"the prompt has {len(prompt.split())} words; this figure takes at most {MOST}")
    if not isinstance(off, list) or len(off) > MOST:
        raise RecipeError(f"off is no list of at most {MOST} words by their numbers")
    return prompt, [asked.whole({"off": one}, "off", 0, MOST - 1) for one in off]


ROUTES = [
    Route("/api/v1/words", reading, methods=["POST"]),
    Route("/api/v1/words/draw", draw, methods=["POST"]),
    Route("/api/v1/words/without", leave, methods=["POST"]),
]
