"""The part of A1111's web API that programs really call, over this studio's model."""

import base64
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sfumato.errors import SfumatoError
from sfumato.model import Model
from sfumato.studio.foreign import infotext, webui_facts
from sfumato.studio.foreign.bodies import body_of
from sfumato.studio.foreign.line import ask, drawing
from sfumato.studio.foreign.order import Order
from sfumato.studio.foreign.refusal import Refusal, status_of
from sfumato.studio.foreign.webui_asked import CHECKPOINT, read
from sfumato.studio.foreign.webui_said import answer, looks, progress_of

Endpoint = Callable[[Request], Awaitable[Response]]
FRESH = {"cache-control": "no-store"}

NAMED = 50
"""How many ignored settings a header names."""


def shaped(endpoint: Endpoint) -> Endpoint:
    """The same, with our errors in their shape."""

    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except SfumatoError as problem:
            words = str(problem)
            said = {"error": type(problem).__name__, "detail": words, "body": "", "errors": words}
            return JSONResponse(said, status_code=status_of(problem), headers=FRESH)

    return answered


@shaped
async def txt2img(request: Request) -> Response:
    """Pictures for a prompt. One that was interrupted or skipped is not among them."""
    body = await body_of(request)
    asked = await ask(request, f"read {id(request)}", lambda model: read(model, body))
    order = Order(asked.recipes)
    async with aclosing(drawing(request, order)) as events:
        async for _ in events:
            pass
    return JSONResponse(await run_in_threadpool(answer, body, asked, order), headers=FRESH)


@shaped
async def progress(request: Request) -> Response:
    """How far the order is that is drawn now, and what is seen of it; without one, exactly nothing."""
    order: Order | None = request.app.state.studio.line.current
    said = progress_of(order)
    step = None if order is None else order.step
    if step is not None and request.query_params.get("skip_current_image", "false").lower() != "true":
        png = await ask(request, f"progress {id(request)}", lambda model: looks(model, step))
        said["current_image"] = base64.b64encode(png).decode()
    return JSONResponse(said, headers=FRESH)


@shaped
async def interrupt(request: Request) -> Response:
    """Draw no more of the order under way; its finished pictures are answered."""
    order = request.app.state.studio.line.current
    if order is not None:
        order.interrupted = True
    return JSONResponse({}, headers=FRESH)


@shaped
async def skip(request: Request) -> Response:
    """Give up the picture under way, and go on with the next."""
    order = request.app.state.studio.line.current
    if order is not None:
        order.skipped = True
    return JSONResponse({}, headers=FRESH)


@shaped
async def set_options(request: Request) -> Response:
    """Programs write all settings back to change one. The only one that means something is the model, if it is ours."""
    body = await body_of(request)
    now = await _found(request, webui_facts.options)
    name = body.get(CHECKPOINT)
    if name and not await _found(request, lambda model: webui_facts.is_ours(model, name)):
        raise Refusal(f"model {str(name)[:40]!r} not found", param=CHECKPOINT, status=404)
    others = [each for each, value in body.items() if each != CHECKPOINT and (each not in now or now[each] != value)]
    plain = [each for each in others if each.isascii() and each.isidentifier()][:NAMED]
    named = {"x-sfumato-ignored": ", ".join(plain)} if plain else {}
    return JSONResponse(None, headers=FRESH | named)


@shaped
async def png_info(request: Request) -> Response:
    """What a PNG says of how it was made."""
    body: Mapping[str, Any] = await body_of(request)
    return JSONResponse(await run_in_threadpool(infotext.read, body.get("image")), headers=FRESH)


def told(question: Callable[[Model], Any]) -> Endpoint:
    """An address that answers what the model says."""

    @shaped
    async def answered(request: Request) -> Response:
        return JSONResponse(await _found(request, question), headers=FRESH)

    return answered


def fixed(said: Callable[[], Any]) -> Endpoint:
    """An address that answers without a model."""

    async def answered(_: Request) -> Response:
        return JSONResponse(said(), headers=FRESH)

    return answered


async def _found(request: Request, question: Callable[[Model], Any]) -> Any:
    return await ask(request, f"webui {id(request)} {time.monotonic_ns()}", question)


ROUTES = [
    Route("/sdapi/v1/txt2img", txt2img, methods=["POST"]),
    Route("/sdapi/v1/progress", progress),
    Route("/sdapi/v1/interrupt", interrupt, methods=["POST"]),
    Route("/sdapi/v1/skip", skip, methods=["POST"]),
    Route("/sdapi/v1/options", told(webui_facts.options)),
    Route("/sdapi/v1/options", set_options, methods=["POST"]),
    Route("/sdapi/v1/sd-models", told(webui_facts.models)),
    Route("/sdapi/v1/samplers", told(webui_facts.sampler_list)),
    Route("/sdapi/v1/schedulers", told(webui_facts.scheduler_list)),
    Route("/sdapi/v1/upscalers", fixed(lambda: webui_facts.UPSCALERS)),
    Route("/sdapi/v1/cmd-flags", fixed(webui_facts.flags)),
    Route("/sdapi/v1/memory", fixed(webui_facts.memory)),
    Route("/sdapi/v1/png-info", png_info, methods=["POST"]),
    *(Route(f"/sdapi/v1/{name}", fixed(lambda said=said: said)) for name, said in webui_facts.NOTHING.items()),
]
