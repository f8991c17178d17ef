"""What figure 4.3 asks: where the network's velocity leads from each level, and how straight a way of its own is."""

from collections.abc import Iterator

import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sfumato.model import Model
from sfumato.samplers.base import Step
from sfumato.studio import asked
from sfumato.studio.answers import body_of, single, stream
from sfumato.studio.api_network import advanced, put, waiting
from sfumato.studio.denoise import decoded
from sfumato.studio.frames import encode
from sfumato.studio.straight import Landing, landing, walked
from sfumato.studio.studio import Studio

MOST = 40
"""Steps of a way."""


async def one(request: Request) -> Response:
    """One landing, with the photo's and the noise's latents, so that the page can draw both paths by itself."""
    studio: Studio = request.app.state.studio
    body = asked.known(await body_of(request), "photo", "seed", "t")
    photo, seed, i = studio.photo_of(body), asked.seed(body), asked.whole(body, "t", 1, 1000)

    def question(model: Model) -> tuple[Landing, list[np.ndarray]]:
        found = landing(model, photo, seed=seed, i=i)
        return found, [decoded(model, z).astype(np.float16) for z in (found.belief.x_t, found.belief.x0_hat)]

    found, (noisy, guess) = await put(request, question)
    arrays = {"x_0": found.x_0.astype(np.float32), "eps": found.eps.astype(np.float32)}
    return single("landing", _told(found, i), **arrays, noisy=noisy, guess=guess)


async def along(request: Request) -> Response:
    """A landing for each of several steps."""
    studio: Studio = request.app.state.studio
    body = asked.known(await body_of(request), "photo", "seed", "steps")
    photo, seed = studio.photo_of(body), asked.seed(body)
    wanted, ask = asked.steps(body, 32), waiting(request)

    def frames() -> Iterator[bytes]:
        for i in wanted:
            yield encode("landing", _told(ask(lambda model, i=i: landing(model, photo, seed=seed, i=i)), i))

    return stream(frames())


async def own(request: Request) -> Response:
    """A frame for each step of the model's own way, then the way: how far along and how far off the line it is."""
    body = asked.known(await body_of(request), "prompt", "seed", "steps", "w")
    prompt, seed = asked.words(body, "prompt"), asked.seed(body)
    steps, w, ask = asked.whole(body, "steps", 2, MOST), asked.number(body, "w", -20.0, 20.0), waiting(request)

    def frames() -> Iterator[bytes]:
        for found in advanced(ask, lambda model: walked(model, prompt, seed=seed, steps=steps, w=w)):
            if isinstance(found, Step):
                yield encode("step", {"k": found.i, "n": steps})
            else:
                told = {"times": found.times, "along": found.along.tolist(), "apart": found.apart.tolist()}
                yield encode("way", told | {"numbers": found.numbers()})

    return stream(frames())


def _told(found: Landing, i: int) -> dict[str, object]:
    return {"i": i, "t": found.t, "shares": found.shares, "numbers": found.numbers()}


ROUTES = [
    Route("/api/v1/straight", one, methods=["POST"]),
    Route("/api/v1/straight/along", along, methods=["POST"]),
    Route("/api/v1/straight/way", own, methods=["POST"]),
]
