"""What figure 2.5 asks: a run as it happens with its ladder of detail, and the price of each step for a photo."""

from collections.abc import Iterator
from itertools import islice

import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sfumato.studio import asked
from sfumato.studio.answers import body_of, stream
from sfumato.studio.api_network import advanced, waiting
from sfumato.studio.film import Still, bands, film, ladder, prices, settled
from sfumato.studio.frames import encode
from sfumato.studio.studio import Studio

MOST = 40
"""Steps of one run here."""


async def run(request: Request) -> Response:
    """A frame for each step, then one that says which detail was settled when."""
    body = asked.known(await body_of(request), "prompt", "seed", "steps")
    prompt, seed = asked.words(body, "prompt"), asked.seed(body)
    steps, ask = asked.whole(body, "steps", 2, MOST), waiting(request)

    def frames() -> Iterator[bytes]:
        stills: list[Still] = []
        for k, still in enumerate(islice(advanced(ask, lambda m: film(m, prompt, seed=seed, steps=steps)), steps)):
            stills.append(still)
            level = {"k": k, "n": steps, "t": float(still.here.t), "sigma": float(still.here.sigma)}
            shown = {"holds": still.holds.astype(np.float16), "guess": still.guess.astype(np.float16)}
            yield encode("still", level, **shown)
        rungs = ladder([still.guess for still in stills])
        side = min(stills[0].guess.shape[-2:])
        yield encode("ladder", {"bands": bands(side), "settled": settled(rungs)}, rungs=rungs)

    return stream(frames())


async def cost(request: Request) -> Response:
    """The prior term and then each step's price for a photo, in bits, a frame each."""
    studio: Studio = request.app.state.studio
    body = asked.known(await body_of(request), "photo", "seed", "steps")
    photo, seed = studio.photo_of(body), asked.seed(body)
    steps, ask = asked.whole(body, "steps", 2, MOST), waiting(request)

    def frames() -> Iterator[bytes]:
        for price in advanced(ask, lambda model: prices(model, photo, seed=seed, steps=steps)):
            yield encode("price", {"bits": float(price.bits[0]), "numbers": price.dims})

    return stream(frames())


ROUTES = [
    Route("/api/v1/film", run, methods=["POST"]),
    Route("/api/v1/film/prices", cost, methods=["POST"]),
]
