"""What figure 3.5 asks: one lie, a row of lies for each step, and the embedding that carries them."""

from collections.abc import Iterator

import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sfumato.model import Model
from sfumato.studio import asked
from sfumato.studio.answers import body_of, single, stream
from sfumato.studio.api_network import put, waiting
from sfumato.studio.denoise import decoded
from sfumato.studio.frames import encode
from sfumato.studio.lie import Lie, errors, gamma, lie
from sfumato.studio.studio import Studio

MOST = 64
"""Steps of one question."""


async def one(request: Request) -> Response:
    """What is given, and what the network makes of it when told the truth and when lied to."""
    studio: Studio = request.app.state.studio
    body = asked.known(await body_of(request), "photo", "seed", "t", "told")
    photo, seed = studio.photo_of(body), asked.seed(body)
    i, told = asked.whole(body, "t", 1, 1000), asked.whole(body, "told", 1, 1000)

    def question(model: Model) -> tuple[Lie, list[np.ndarray]]:
        found = lie(model, photo, seed=seed, i=i, told=told)
        seen = (found.honest.x_t, found.honest.x0_hat, found.lied.x0_hat)
        return found, [decoded(model, z).astype(np.float16) for z in seen]

    found, (noisy, honest, lied) = await put(request, question)
    return single("lie", {"t": i, "told": told, "numbers": found.numbers()}, noisy=noisy, honest=honest, lied=lied)


async def valley(request: Request) -> Response:
    """For each true step a frame with the errors for each told one."""
    studio: Studio = request.app.state.studio
    body = asked.known(await body_of(request), "photo", "seed", "steps")
    photo, seed = studio.photo_of(body), asked.seed(body)
    steps, ask = asked.steps(body, 16), waiting(request)

    def frames() -> Iterator[bytes]:
        for i in steps:
            found = ask(lambda model, i=i: errors(model, photo, seed=seed, i=i, told=steps))
            yield encode("row", {"t": i}, errors=found)

    return stream(frames())


async def embedding(request: Request) -> Response:
    """The embedding of some steps, a row each."""
    steps = asked.steps(asked.known(await body_of(request), "steps"), MOST)
    found = await put(request, lambda model: gamma(model, steps))
    return single("embedding", {"features": found.shape[1]}, gamma=found)


ROUTES = [
    Route("/api/v1/lie", one, methods=["POST"]),
    Route("/api/v1/lie/valley", valley, methods=["POST"]),
    Route("/api/v1/lie/embedding", embedding, methods=["POST"]),
]
