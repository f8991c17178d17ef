"""What the pages ask of the server: what is here, the reader's photo, schedules, and a walk through the noise."""

from collections.abc import Iterator

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sfumato import __version__
from sfumato.studio import asked, photo
from sfumato.studio.answers import body_of, single, stream
from sfumato.studio.facts import facts
from sfumato.studio.frames import encode
from sfumato.studio.studio import Studio
from sfumato.studio.walk import walk


async def info(request: Request) -> Response:
    """What runs here. The page asks every few seconds, to notice when it is gone."""
    studio = studio_of(request)
    about = await run_in_threadpool(facts, studio.desk.source)
    state = "ready" if studio.desk.ready else "loading"
    here = {"version": __version__, "api": 1, "device": studio.desk.device, "state": state, "model": about}
    return JSONResponse(here, headers={"cache-control": "no-store"})


async def shipped_photo(request: Request) -> Response:
    """A picture of ours by its name in the query, `harbour` if there is none."""
    name = request.query_params.get("name", "harbour")
    if name not in photo.SHIPPED:
        return Response("no such picture", status_code=404)
    return single("photo", {"id": name}, x=photo.shipped(name))


async def own_photo(request: Request) -> Response:
    """The reader's picture, decoded and made square; it stays in this process and is known by a made-up name."""
    pixels = await run_in_threadpool(photo.read_photo, await request.body())
    return single("photo", {"id": studio_of(request).photos.put(pixels)}, x=pixels)


async def schedules(request: Request) -> Response:
    """beta, alpha_bar and the signal-to-noise ratio in decibels at i = 1..T, for each schedule asked for."""
    body = asked.known(await body_of(request), "schedules")
    wanted = body.get("schedules")
    if not isinstance(wanted, list) or not 1 <= len(wanted) <= 8:
        return JSONResponse({"message": "schedules: a list of one to eight is expected"}, status_code=400)
    found = [asked.schedule(options) for options in wanted]

    def frames() -> Iterator[bytes]:
        for k, each in enumerate(found):
            levels = each.at(np.arange(1, each.T + 1))
            alpha, sigma = np.asarray(levels.alpha), np.asarray(levels.sigma)
            snr_db = 20.0 * (np.log10(alpha) - np.log10(sigma))
            yield encode(
                "schedule", {"index": k, "T": each.T}, beta=each.beta_table(), alpha_bar=alpha**2, snr_db=snr_db
            )

    return stream(frames())


async def forward(request: Request) -> Response:
    """Walk a photo to step `t` in single steps, and jump there with the same noise: stops on the way as they are."""
    body = asked.known(await body_of(request), "photo", "seed", "schedule", "t", "every")
    path = asked.schedule(body.get("schedule"))
    seed, to = asked.seed(body), asked.whole(body, "t", 1, path.T)
    every = asked.whole(body, "every", 1, 1000, 50)
    x_0 = np.ascontiguousarray(photo.signed(studio_of(request).photo(str(body.get("photo", "")))))

    def frames() -> Iterator[bytes]:
        for stop in walk(x_0, path, seed=seed, to=to, every=every):
            entries = {"i": stop.i, "n": to, "difference": stop.difference}
            yield encode("stop", entries, x_walk=stop.x_walk, x_jump=stop.x_jump)

    return stream(frames())


def studio_of(request: Request) -> Studio:
    """The studio that a request has come to."""
    return request.app.state.studio


ROUTES = [
    Route("/api/v1/info", info),
    Route("/api/v1/photo", shipped_photo),
    Route("/api/v1/photos", own_photo, methods=["POST"]),
    Route("/api/v1/schedules", schedules, methods=["POST"]),
    Route("/api/v1/forward", forward, methods=["POST"]),
]
