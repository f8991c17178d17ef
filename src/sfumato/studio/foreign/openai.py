"""OpenAI's Images over this studio's model: `/v1/images/generations` and `/v1/models`."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import numpy as np
from jaxtyping import UInt8
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from sfumato.checkpoint import find
from sfumato.errors import SfumatoError
from sfumato.model import Model
from sfumato.picture import to_bytes
from sfumato.pipeline import Decoded, Encoded
from sfumato.samplers.base import Step
from sfumato.studio.foreign.bodies import body_of
from sfumato.studio.foreign.line import ask, drawing
from sfumato.studio.foreign.openai_asked import Asked, read
from sfumato.studio.foreign.openai_said import answer, completed, event, moments, partial, wrong
from sfumato.studio.foreign.order import Order
from sfumato.studio.foreign.refusal import Refusal, status_of
from sfumato.types import Latent

Endpoint = Callable[[Request], Awaitable[Response]]
FRESH = {"cache-control": "no-store"}


def shaped(endpoint: Endpoint) -> Endpoint:
    """The same, with our errors in OpenAI's shape."""

    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except SfumatoError as problem:
            return JSONResponse(wrong(problem), status_code=status_of(problem), headers=FRESH)

    return answered


@shaped
async def generations(request: Request) -> Response:
    """Pictures for a prompt, in one answer or as a stream of guesses and the picture."""
    body = await body_of(request)
    asked = await ask(request, f"read {id(request)}", lambda model: read(model, body))
    order, headers = Order(asked.recipes), FRESH | {"x-sfumato-seed": str(asked.recipes[0].seed)}
    if asked.ignored:
        headers |= {"x-sfumato-ignored": ", ".join(asked.ignored)}
    if asked.stream:
        return Watched(request, asked, order, headers)
    async with aclosing(drawing(request, order)) as events:
        async for _ in events:
            pass
    if len(order.pictures) < len(order.recipes):
        raise Refusal("the drawing was interrupted", code="interrupted")
    return JSONResponse(await run_in_threadpool(answer, asked, order), headers=headers)


class Watched(StreamingResponse):
    """A stream of a picture on its way; whoever leaves it, however, is drawn no further."""

    def __init__(self, request: Request, asked: Asked, order: Order, headers: dict[str, str]) -> None:
        """Nothing is drawn before it is sent."""
        super().__init__(_events(request, asked, order), media_type="text/event-stream", headers=headers)
        self.leave: Callable[[], None] = lambda: request.app.state.studio.line.leave(order)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.leave()


async def _events(request: Request, asked: Asked, order: Order) -> AsyncIterator[bytes]:
    """The events of a stream; an error is the last of them."""
    shown: list[int] = []
    try:
        async with aclosing(drawing(request, order)) as events:
            async for found in events:
                if isinstance(found, Encoded):
                    shown = moments(found.levels, asked.partials)
                elif isinstance(found, Step) and found.i in shown:
                    latent = found.prediction.x0_hat if asked.partial_kind == "x0hat" else found.prediction.x_t
                    pixels = await ask(request, f"guess {id(order)}", _looks(latent, asked.recipes[0].background))
                    yield await run_in_threadpool(partial, asked, shown.index(found.i), pixels)
                elif isinstance(found, Decoded):
                    yield await run_in_threadpool(completed, asked, order)
        if not order.pictures:
            raise Refusal("the drawing was interrupted", code="interrupted")
    except SfumatoError as problem:
        yield event("error", wrong(problem))


def _looks(latent: Latent, background: str) -> Callable[[Model], UInt8[np.ndarray, "H W c"]]:
    """What a latent looks like."""
    return lambda model: to_bytes(model.bundle.autoencoder.decode(latent), background)[0]


@shaped
async def models(request: Request) -> Response:
    """The one model that draws here."""
    return JSONResponse({"object": "list", "data": [await _described(request)]}, headers=FRESH)


@shaped
async def model(request: Request) -> Response:
    """The same by its name."""
    found, name = await _described(request), str(request.path_params["name"])
    if found["id"] != name:
        raise Refusal(f"the model {name[:40]!r} does not exist", param="model", code="model_not_found", status=404)
    return JSONResponse(found, headers=FRESH)


async def _described(request: Request) -> dict[str, Any]:
    """created: when the model's files were put there, in seconds since 1970."""
    name = await ask(request, f"models {id(request)}", lambda model: model.name)
    folder = await run_in_threadpool(find, request.app.state.studio.desk.source)
    return {"id": name, "object": "model", "created": int(folder.stat().st_mtime), "owned_by": "sfumato"}


ROUTES = [
    Route("/v1/images/generations", generations, methods=["POST"]),
    Route("/v1/models", models),
    Route("/v1/models/{name}", model),
]
