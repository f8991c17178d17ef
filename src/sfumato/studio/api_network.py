"""What figures ask of the network: one question at a time, the newest of each figure before its older ones."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sfumato.errors import RecipeError
from sfumato.model import Model
from sfumato.studio import asked
from sfumato.studio.answers import body_of, single, stream
from sfumato.studio.denoise import Answer, denoise
from sfumato.studio.frames import encode
from sfumato.studio.studio import Studio


async def put(studio: Studio, key: str, question: Callable[[Model], Any]) -> Any:
    """The desk's answer. Raises RecipeError where a newer question of the same key came first."""
    try:
        return await asyncio.wrap_future(studio.desk.ask(key, question))
    except (CancelledError, asyncio.CancelledError) as problem:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise RecipeError("a newer question of this figure came first") from problem


async def one(request: Request) -> Response:
    """One answer of the network about a noisy photo: latents, pictures and errors."""
    studio: Studio = request.app.state.studio
    body = asked.known(await body_of(request), "photo", "seed", "t", "prompt", "w")
    photo = studio.photo(str(body.get("photo", "")))
    seed, i = asked.whole(body, "seed", 0, asked.SEEDS), asked.whole(body, "t", 1, 1000)
    prompt, w = asked.words(body, "prompt"), asked.number(body, "w", -20.0, 20.0, 1.0)

    def question(model: Model) -> Answer:
        return denoise(model, photo, seed=seed, i=i, prompt=prompt, w=w)

    said = await put(studio, "denoise", question)
    pictures = {name: getattr(said, name).astype(np.float16) for name in ("noisy", "guess", "photo")}
    latents = {name: getattr(said, name) for name in ("x_0", "eps", "x0_hat", "eps_hat")}
    entries = {
        "t": i,
        "alpha": said.level.alpha,
        "sigma": said.level.sigma,
        "ms": 1000.0 * said.seconds,
        "channels": len(said.eps),
    }
    return single("denoised", entries | {"errors": said.errors()}, **pictures, **latents)


async def along(request: Request) -> Response:
    """The errors at several steps, one frame each as it is known."""
    studio: Studio = request.app.state.studio
    body = asked.known(await body_of(request), "photo", "seed", "steps")
    photo, seed = studio.photo(str(body.get("photo", ""))), asked.whole(body, "seed", 0, asked.SEEDS)
    steps = body.get("steps")
    if not isinstance(steps, list) or not 1 <= len(steps) <= 32:
        return JSONResponse({"message": "steps: a list of one to 32 is expected"}, status_code=400)
    wanted = [asked.whole({"step": step}, "step", 1, 1000) for step in steps]

    def frames() -> Iterator[bytes]:
        for i in wanted:
            future = studio.desk.ask("along", lambda model, i=i: denoise(model, photo, seed=seed, i=i))
            try:
                said = future.result()
            except CancelledError as problem:
                raise RecipeError("a newer question of this figure came first") from problem
            yield encode("error-at", {"t": i, "errors": said.errors()})

    return stream(frames())


ROUTES = [
    Route("/api/v1/denoise", one, methods=["POST"]),
    Route("/api/v1/denoise/along", along, methods=["POST"]),
]
