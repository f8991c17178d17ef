"""What OpenAI's clients are answered: a picture as base64, its events, and errors in their shape."""

import base64
import io
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import PIL.Image
from jaxtyping import UInt8

from sfumato.errors import SfumatoError
from sfumato.picture import Picture
from sfumato.process.schedule import Level
from sfumato.provenance.files import FORMATS
from sfumato.studio.foreign.openai_asked import Asked
from sfumato.studio.foreign.order import Order
from sfumato.studio.foreign.refusal import Refusal, status_of

LOSSLESS: Mapping[str, Mapping[str, Any]] = {
    "png": {},
    "jpeg": {"quality": 95, "subsampling": 0},
    "webp": {"lossless": True},
}


def moments(levels: Sequence[Level], count: int) -> list[int]:
    """The steps, from 0, whose guesses are shown: `count` of them, evenly in lam between the first and the last.

    levels: n + 1 of them, the last one clean. The last step is none of them, since its guess is the picture; where
    there are too few steps, so are the guesses. A first level without any signal (lam = -inf) counts as the next.
    """
    lams = [float(level.lam) for level in levels[:-1]]
    if len(lams) > 1 and not np.isfinite(lams[0]):
        lams[0] = lams[1]
    found: list[int] = []
    count = min(count, len(lams) - 1)
    for k in range(count):
        target = lams[0] + (k + 1) / (count + 1) * (lams[-1] - lams[0])
        first, last = (found[-1] + 1 if found else 0), len(lams) - 1 - (count - k)
        found.append(min(range(first, last + 1), key=lambda i: abs(lams[i] - target)))
    return found


def answer(asked: Asked, order: Order) -> dict[str, Any]:
    """The whole answer, where nothing is streamed."""
    data = [{"b64_json": coded(picture, asked.format)} | revised(picture, asked) for picture in order.pictures]
    return {"created": int(time.time()), "data": data, **described(asked), "usage": usage(order)}


def described(asked: Asked) -> dict[str, Any]:
    """What answers and events say of a picture."""
    recipe = asked.recipes[0]
    width, height = recipe.finished_size
    background = "transparent" if recipe.background == "transparent" else "opaque"
    return {"background": background, "output_format": asked.format, "size": f"{width}x{height}"}


def revised(picture: Picture, asked: Asked) -> dict[str, str]:
    """The prompt that was drawn, where it is not the whole one."""
    return {} if picture.recipe.prompt == asked.prompt else {"revised_prompt": picture.recipe.prompt}


def usage(order: Order) -> dict[str, Any]:
    """Tokens of the prompt as the model reads it, both ends among them; and positions of the latents drawn."""
    text = 0 if order.encoded is None else len(order.encoded.cond.words[0])
    return {
        "input_tokens": text,
        "input_tokens_details": {"text_tokens": text, "image_tokens": 0},
        "output_tokens": order.places,
        "total_tokens": text + order.places,
    }


def event(name: str, entries: Mapping[str, Any]) -> bytes:
    """A server-sent event."""
    return f"event: {name}\ndata: {json.dumps({'type': name, **entries})}\n\n".encode()


def completed(asked: Asked, order: Order) -> bytes:
    """The last event: the picture."""
    said = described(asked) | {"quality": "auto", "created_at": int(time.time()), "usage": usage(order)}
    return event("image_generation.completed", {"b64_json": coded(order.pictures[0], asked.format), **said})


def partial(asked: Asked, index: int, pixels: UInt8[np.ndarray, "H W c"]) -> bytes:
    """An event on the way. Its picture carries no recipe: none makes it."""
    out = io.BytesIO()
    PIL.Image.fromarray(pixels).save(out, FORMATS[asked.format], **LOSSLESS[asked.format])
    said = described(asked) | {"quality": "auto", "created_at": int(time.time()), "partial_image_index": index}
    return event("image_generation.partial_image", {"b64_json": base64.b64encode(out.getvalue()).decode(), **said})


def coded(picture: Picture, kind: str) -> str:
    """A picture's file in base64, with its recipe inside."""
    return base64.b64encode(picture.encode(kind)[0]).decode()


def wrong(problem: SfumatoError) -> dict[str, Any]:
    """An error in OpenAI's shape."""
    kind = "invalid_request_error" if status_of(problem) < 500 else "server_error"
    param, code = (problem.param, problem.code) if isinstance(problem, Refusal) else (None, "invalid_value")
    return {"error": {"message": str(problem), "type": kind, "param": param, "code": code}}
