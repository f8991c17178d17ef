"""What figure 2.1 asks: the pictures that grow from one noisy state, a batch of them at a time."""

from collections.abc import Iterator

import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sfumato.model import Model
from sfumato.studio import asked
from sfumato.studio.answers import body_of, stream
from sfumato.studio.api_network import advanced, waiting
from sfumato.studio.denoise import Answer, denoise
from sfumato.studio.frames import encode
from sfumato.studio.futures import BATCH, Futures, futures, pictures
from sfumato.studio.studio import Studio

MOST = 12
"""Futures of one question."""

STEPS = 8
"""Steps from the state down to a picture, at most."""


async def grow(request: Request) -> Response:
    """The state and its guess in one frame, then one for each batch: new pictures, the mean of all, how they differ."""
    studio: Studio = request.app.state.studio
    body = asked.known(await body_of(request), "photo", "seed", "t", "prompt", "count", "first")
    photo, seed = studio.photo_of(body), asked.seed(body)
    i, count = asked.whole(body, "t", 1, 1000), asked.whole(body, "count", 1, MOST)
    first, prompt = asked.whole(body, "first", 0, asked.SEEDS), asked.words(body, "prompt")
    ask = waiting(request)

    def frames() -> Iterator[bytes]:
        said: Answer = ask(lambda model: denoise(model, photo, seed=seed, i=i, prompt=prompt))
        entries = {"t": i, "alpha": float(said.level.alpha), "sigma": float(said.level.sigma)}
        yield encode("state", entries, noisy=said.noisy.astype(np.float16), guess=said.guess.astype(np.float16))

        def grown(model: Model) -> Iterator[tuple[Futures, list[np.ndarray]]]:
            for found in futures(model, said, seed=first, count=count, prompt=prompt, steps=STEPS):
                new = found.x_0[len(found.x_0) - 1 - (len(found.x_0) - 1) % BATCH :]
                yield found, pictures(model, np.concatenate([found.mean[None], new]))

        for found, (mean, *new) in advanced(ask, grown):
            told = {"numbers": found.numbers(), "distances": found.distances}
            yield encode("grown", told, mean=mean.astype(np.float16), new=np.stack(new).astype(np.float16))

    return stream(frames())


ROUTES = [Route("/api/v1/futures", grow, methods=["POST"])]
