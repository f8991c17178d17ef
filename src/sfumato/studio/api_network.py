"""What figures ask of the network: one question at a time, the newest of each figure before its older ones."""

import asyncio
import re
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from typing import Any, TypeVar

import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sfumato.errors import RecipeError
from sfumato.model import Model
from sfumato.studio import asked
from sfumato.studio.answers import body_of, single, stream
from sfumato.studio.denoise import Answer, denoise
from sfumato.studio.frames import encode
from sfumato.studio.studio import Studio

Item = TypeVar("Item")

FIGURE = re.compile(r"[a-z0-9]{0,24}(\.[a-z0-9]{1,16})?")


def key_of(request: Request) -> str:
    """Whose question it is: what is asked, of which figure, in which open page. Raises RecipeError."""
    figure = request.headers.get("x-sfumato-figure", "")
    if not FIGURE.fullmatch(figure):
        raise RecipeError("the figure that asks is not named as FIGURE.PAGE, both in a-z and 0-9")
    return f"{request.url.path} {figure}"


async def put(request: Request, question: Callable[[Model], Any]) -> Any:
    """The desk's answer. Raises RecipeError where a newer question of the same figure came first."""
    studio: Studio = request.app.state.studio
    try:
        return await asyncio.wrap_future(studio.desk.ask(key_of(request), question, studio.desk.turn()))
    except (CancelledError, asyncio.CancelledError) as problem:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise RecipeError("a newer question of this figure came first") from problem


def waiting(request: Request) -> Callable[[Callable[[Model], Any]], Any]:
    """`put` for a thread that streams: asks the desk and waits for its answer. Raises RecipeError, as `put`."""
    studio: Studio = request.app.state.studio
    key, turn = key_of(request), studio.desk.turn()

    def ask(question: Callable[[Model], Any]) -> Any:
        try:
            return studio.desk.ask(key, question, turn).result()
        except CancelledError as problem:
            raise RecipeError("a newer question of this figure came first") from problem

    return ask


def advanced(ask: Callable[[Callable[[Model], Any]], Any], begin: Callable[[Model], Iterator[Item]]) -> Iterator[Item]:
    """What `begin` yields, each piece a question of its own: the desk is free for others in between."""
    begun: list[Iterator[Item]] = []

    def further(model: Model) -> Item | None:
        begun[:] = begun or [begin(model)]
        return next(begun[0], None)

    while (item := ask(further)) is not None:
        yield item


async def one(request: Request) -> Response:
    """One answer of the network about a noisy photo: latents, pictures and errors."""
    studio: Studio = request.app.state.studio
    body = asked.known(await body_of(request), "photo", "seed", "t", "s", "prompt", "w")
    photo = studio.photo_of(body)
    seed, i = asked.seed(body), asked.whole(body, "t", 1, 1000)
    s = asked.whole(body, "s", 0, i - 1, i - 1)
    prompt, w = asked.words(body, "prompt"), asked.number(body, "w", -20.0, 20.0, 1.0)

    def question(model: Model) -> tuple[Answer, list[dict[str, float]]]:
        said = denoise(model, photo, seed=seed, i=i, prompt=prompt, w=w)
        return said, [place(model, step) for step in (s, *ladder(i))]

    said, (there, *lower) = await put(request, question)
    pictures = {name: getattr(said, name).astype(np.float16) for name in ("noisy", "guess", "photo")}
    latents = {name: getattr(said, name) for name in ("x_0", "eps", "x0_hat", "eps_hat")}
    entries = {
        "t": i,
        "alpha": said.level.alpha,
        "sigma": said.level.sigma,
        "ms": 1000.0 * said.seconds,
        "channels": len(said.eps),
    }
    below = {"there": there, "ladder": lower}
    return single("denoised", entries | below | {"errors": said.errors()}, **pictures, **latents)


def place(model: Model, i: int) -> dict[str, float]:
    """Step i of the model's own schedule."""
    level = model.bundle.schedule.at(i)
    return {"s": i, "alpha": float(level.alpha), "sigma": float(level.sigma)}


def ladder(i: int) -> list[int]:
    """Steps below i, near and far: what a step of each length leads to, down to the picture."""
    return (
        [*dict.fromkeys(i - i * k // 12 if k else i - 1 for k in range(13))] if i > 12 else list(range(i - 1, -1, -1))
    )


async def along(request: Request) -> Response:
    """The errors at several steps, one frame each as it is known."""
    studio: Studio = request.app.state.studio
    body = asked.known(await body_of(request), "photo", "seed", "steps")
    photo, seed = studio.photo_of(body), asked.seed(body)
    wanted, ask = asked.steps(body, 32), waiting(request)

    def frames() -> Iterator[bytes]:
        for i in wanted:
            said = ask(lambda model, i=i: denoise(model, photo, seed=seed, i=i))
            yield encode("error-at", {"t": i, "errors": said.errors()})

    return stream(frames())


ROUTES = [
    Route("/api/v1/denoise", one, methods=["POST"]),
    Route("/api/v1/denoise/along", along, methods=["POST"]),
]
