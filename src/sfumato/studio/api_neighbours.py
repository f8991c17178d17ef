"""What figure 4.4 and the playground ask: the pictures at hand nearest to a drawn one, and what the rule says of it."""

from collections.abc import Generator, Iterator, Mapping
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sfumato.corpus.decode import over_white_picture
from sfumato.errors import RecipeError
from sfumato.evaluate.features import SIZE
from sfumato.model import Model
from sfumato.studio import asked
from sfumato.studio.answers import body_of, stream
from sfumato.studio.api_network import waiting
from sfumato.studio.at_hand import AtHand, Pixels
from sfumato.studio.copies import MANNERS, WHO, copy_of, looked_up, mixed
from sfumato.studio.frames import encode
from sfumato.studio.photo import signed
from sfumato.studio.studio import Studio

Learnt = list[dict[str, Any]]

BEAT = 0.5
"""Seconds from one report of progress to the next."""


async def neighbours(request: Request) -> Response:
    """Reports while the pictures are being opened, if they are; then one frame with what was found."""
    studio: Studio = request.app.state.studio
    body = asked.known(await body_of(request), "who", "prompt", "seed", "photo", "manner", "share")
    who, manner = asked.among(body, "who", WHO), asked.among(body, "manner", MANNERS)
    prompt, seed = asked.words(body, "prompt"), asked.seed(body)
    share, photo, ask = asked.number(body, "share", 0.0, 1.0, 0.0), studio.photo_of(body), waiting(request)

    def frames() -> Iterator[bytes]:
        at_hand = yield from opened(studio)

        def question(model: Model) -> tuple[Pixels, Learnt]:
            made = looked_up(model, at_hand, who, prompt=prompt, seed=seed, photo=photo)
            return made, at_hand.learnt(model.card)

        made, learnt = ask(question)
        place = at_hand.chosen(seed)
        copy = copy_of(at_hand.picture(place), manner)
        yield found(at_hand, mixed(made, copy, share), learnt, {"copy": at_hand.words[place]}, copy=copy)

    return stream(frames())


async def of_run(request: Request) -> Response:
    """The same for the finished picture of a run, with nothing planted."""
    studio: Studio = request.app.state.studio
    body = asked.known(await body_of(request), "run")
    run, ask = studio.runs.get(str(body.get("run", ""))), waiting(request)
    if run.picture is None:
        raise RecipeError("the run has no picture yet; draw it to its end")
    picture = over_white_picture(run.picture.image, SIZE)

    def frames() -> Iterator[bytes]:
        at_hand = yield from opened(studio)
        yield found(at_hand, picture, ask(lambda model: at_hand.learnt(model.card)))

    return stream(frames())


def opened(studio: Studio) -> Generator[bytes, None, AtHand]:
    """The pictures at hand; a report twice a second until they are there."""
    while (pictures := studio.library.wait(BEAT)) is None:
        what, done, total = studio.library.told
        yield encode("reading", {"what": what, "done": done, "total": total})
    return pictures


def found(
    pictures: AtHand, picture: Pixels, learnt: Learnt, entries: Mapping[str, Any] | None = None, **more: Pixels
) -> bytes:
    """What was looked up, and the nearest with their names and distances."""
    answer, ruler = pictures.search(picture), pictures.ruler
    said = {
        "numbers": answer.numbers(), "distances": ruler.distances, "ruler": ruler.name, "held_out": ruler.held_out,
        "train": ruler.train, "files": pictures.files, "count": len(pictures.words), "planted": pictures.planted,
        "learnt": learnt,
        "nearest": [
            {"words": pictures.words[int(k)], "distance": float(far)}
            for k, far in zip(answer.places, answer.distances, strict=True)
        ],
    }  # fmt: skip
    shown = {f"near{k}": pictures.picture(int(each)) for k, each in enumerate(answer.places)}
    seen = {name: signed(each).astype(np.float16) for name, each in {"picture": picture, **shown, **more}.items()}
    return encode("found", said | dict(entries or {}), **seen)


ROUTES = [
    Route("/api/v1/neighbours", neighbours, methods=["POST"]),
    Route("/api/v1/ask/neighbours", of_run, methods=["POST"]),
]
