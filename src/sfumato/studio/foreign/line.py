"""Orders of other programs wait in line: one is drawn at a time, and whoever leaves is drawn no further."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import TypeVar

from starlette.requests import Request

from sfumato.model import Model
from sfumato.pipeline import Event
from sfumato.studio.foreign.order import Order
from sfumato.studio.foreign.refusal import Refusal
from sfumato.studio.studio import Studio

Found = TypeVar("Found")

PAUSE = 0.05
"""Seconds between two looks at whether it is one's turn."""


async def drawing(request: Request, order: Order) -> AsyncGenerator[Event, None]:
    """The events of an order, once it is its turn: it takes the desk one step at a time, so that figures go on.

    The events end where the order does, where it is interrupted, or where the client has left. Close it when done
    (`contextlib.aclosing`). Raises Refusal where too many wait.
    """
    studio: Studio = request.app.state.studio
    if not studio.line.enter(order):
        raise Refusal("too many wait for a picture; ask again later", code="rate_limit_exceeded", status=429)
    try:
        while studio.line.current is not order:
            if await request.is_disconnected():
                return
            await asyncio.sleep(PAUSE)
        while not await request.is_disconnected():
            event = await ask(request, f"order {id(order)}", order.advance)
            if event is None:
                return
            yield event
    finally:
        studio.line.leave(order)


async def ask(request: Request, key: str, question: Callable[[Model], Found]) -> Found:
    """The desk's answer."""
    studio: Studio = request.app.state.studio
    return await asyncio.wrap_future(studio.desk.ask(key, question))
