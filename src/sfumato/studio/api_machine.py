"""What figure 4.1 asks: one run of the whole machine, a frame for each part's work as soon as it is done."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sfumato.arrays import as_numpy
from sfumato.model import Model
from sfumato.studio import asked
from sfumato.studio.answers import body_of, stream
from sfumato.studio.api_network import advanced, waiting
from sfumato.studio.denoise import Picture, decoded
from sfumato.studio.frames import encode
from sfumato.studio.machine import Drawn, Moved, Part, Written, parts, run

MOST = 40
"""Steps of one run here."""

Event = list[Part] | Written | Drawn | tuple[Moved, Picture]


async def work(request: Request) -> Response:
    """The parts; the text; every step with its latents and its guess, decoded to be looked at; the picture.

    again: how often the reader has pressed the button; the same settings are measured anew.
    """
    body = asked.known(await body_of(request), "prompt", "negative", "seed", "steps", "w", "again")
    prompt, negative, seed = asked.words(body, "prompt"), asked.words(body, "negative"), asked.seed(body)
    steps, w = asked.whole(body, "steps", 2, MOST), asked.number(body, "w", -20.0, 20.0)
    asked.whole(body, "again", 0, 1 << 30, 0)
    ask = waiting(request)

    def begin(model: Model) -> Iterator[Event]:
        yield list(parts(model))
        for event in run(model, prompt, seed=seed, steps=steps, w=w, negative=negative):
            yield (event, decoded(model, event.step.prediction.x0_hat)) if isinstance(event, Moved) else event

    def frames() -> Iterator[bytes]:
        for event in advanced(ask, begin):
            if isinstance(event, Written):
                told = {"tokens": event.tokens, "features": event.states.shape[1], "ms": 1000.0 * event.seconds}
                yield encode("text", told, states=event.states)
            elif isinstance(event, Drawn):
                pixels = event.picture.shape[1:]
                told = {"ms": 1000.0 * event.seconds, "height": pixels[0], "width": pixels[1]}
                yield encode("picture", told, x=event.picture.astype(np.float16), x_0=event.x_0.astype(np.float16))
            elif isinstance(event, list):
                yield encode("parts", {part.name: asdict(part) for part in event})
            else:
                yield _step(*event, steps)

    return stream(frames())


def _step(moved: Moved, guess: Picture, n: int) -> bytes:
    step, belief = moved.step, moved.step.prediction
    channels, height, width = belief.x_t.shape[1:]
    told: dict[str, Any] = {"k": step.i, "n": n, "t": float(step.here.t), "s": float(step.there.t)}
    told |= {"channels": channels, "height": height, "width": width, "numbers": moved.numbers()}
    told |= {f"{name}_ms": 1000.0 * getattr(moved, name) for name in ("noise", "network", "rest")}
    arrays = {"x_t": as_numpy(belief.x_t)[0], "pull": moved.pull, "guess": guess}
    return encode("step", told, **{name: x.astype(np.float16) for name, x in arrays.items()})


ROUTES = [Route("/api/v1/machine", work, methods=["POST"])]
