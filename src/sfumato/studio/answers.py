"""How the studio answers: JSON bodies read, frames streamed, and our own errors as plain words."""

import json
from collections.abc import AsyncIterator, Generator, Iterator, Mapping
from contextlib import suppress
from typing import Any

from starlette.concurrency import iterate_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from sfumato.errors import RecipeError, SfumatoError
from sfumato.studio.frames import MEDIA_TYPE, encode

JSON_LIMIT = 1 << 20
"""Bytes of a JSON body."""


async def body_of(request: Request) -> Mapping[str, Any]:
    """The JSON object of a request. Raises RecipeError for anything else."""
    data = await request.body()
    if len(data) > JSON_LIMIT:
        raise RecipeError(f"the body has {len(data)} bytes; expected JSON of at most {JSON_LIMIT}")
    try:
        found = json.loads(data, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as problem:
        raise RecipeError("the body is no JSON; expected one object") from problem
    if not isinstance(found, dict):
        raise RecipeError(f"the body is a {type(found).__name__}; expected one JSON object")
    return found


def stream(frames: Iterator[bytes]) -> StreamingResponse:
    """The frames, each sent when it is made, then a `done`. A reader who leaves ends the work at its next frame.

    An error after the first frame travels as a frame of its own; before it, as an HTTP status.
    """
    return StreamingResponse(_closing(frames), media_type=MEDIA_TYPE, headers={"cache-control": "no-store"})


async def _closing(frames: Iterator[bytes]) -> AsyncIterator[bytes]:
    try:
        async for frame in iterate_in_threadpool(frames):
            yield frame
    except SfumatoError as problem:
        yield encode("error", {"code": type(problem).__name__, "message": str(problem)})
    else:
        yield encode("done")
    finally:
        if isinstance(frames, Generator):  # a reader who left: what holds the frames may live on for a while
            with suppress(ValueError):  # still at work in its thread, which drops it at its next frame
                frames.close()


def single(kind: str, entries: Mapping[str, Any] | None = None, /, **arrays: Any) -> Response:
    """One frame and a `done`, for an answer that is there at once."""
    data = encode(kind, entries, **arrays) + encode("done")
    return Response(data, media_type=MEDIA_TYPE, headers={"cache-control": "no-store"})


async def ours(request: Request, problem: Exception) -> Response:
    """An error of ours, as the status 400 with its words."""
    return JSONResponse({"code": type(problem).__name__, "message": str(problem)}, status_code=400)


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)
