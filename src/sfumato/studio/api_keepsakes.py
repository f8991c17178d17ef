"""Runs taken home and brought back, and two of them compared."""

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sfumato.errors import RecipeError
from sfumato.studio import asked, keepsakes
from sfumato.studio.answers import body_of
from sfumato.studio.api_runs import answer, found
from sfumato.studio.compare import compare
from sfumato.studio.runs import Run
from sfumato.studio.studio import Studio

FILES: dict[str, tuple[str, Callable[[Run], bytes]]] = {
    "picture.png": ("image/png", keepsakes.png),
    "guess.gif": ("image/gif", lambda run: keepsakes.gif(run, "guess")),
    "state.gif": ("image/gif", lambda run: keepsakes.gif(run, "state")),
    "run.zip": ("application/zip", keepsakes.archive),
}
"""What can be had of a run, by name."""


async def file(request: Request) -> Response:
    """One of FILES."""
    (_, run), name = found(request), request.path_params["file"]
    if name not in FILES:
        raise RecipeError(f"a run has no such file; expected one of {', '.join(FILES)}")
    kind, made = FILES[name]
    data = await run_in_threadpool(made, run)
    return Response(data, media_type=kind, headers={"cache-control": "no-store"})


async def words(request: Request) -> Response:
    """How to make it again: in Python, and for a shell where that can be."""
    studio: Studio = request.app.state.studio
    _, run = found(request)
    said = {"python": keepsakes.code(run, studio.desk.source), "curl": ""}
    if len(run.legs) == 1:
        said["curl"] = keepsakes.curl(run, str(request.base_url), studio.token)
    return JSONResponse(said, headers={"cache-control": "no-store"})


async def bring(request: Request) -> Response:
    """Put an exported run on the shelf."""
    studio: Studio = request.app.state.studio
    data = await request.body()
    run = await answer(request, "import", lambda model: keepsakes.opened(model, data))
    return JSONResponse({"run": studio.runs.put(run)})


async def compared(request: Request) -> Response:
    """Two runs, step by step."""
    studio: Studio = request.app.state.studio
    body = asked.known(await body_of(request), "one", "other")
    one, other = (studio.runs.get(str(body.get(name, ""))) for name in ("one", "other"))
    return JSONResponse(await run_in_threadpool(compare, one, other))


ROUTES = [
    Route("/api/v1/compare", compared, methods=["POST"]),
    Route("/api/v1/imports", bring, methods=["POST"]),
    Route("/api/v1/runs/{run}/code", words),
    Route("/api/v1/runs/{run}/{file}", file),
]
