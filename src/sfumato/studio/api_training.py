"""The training run that the studio was given: its log as it grows, and its sheets."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sfumato.errors import RecipeError
from sfumato.studio import asked
from sfumato.studio.answers import body_of
from sfumato.studio.studio import Studio
from sfumato.studio.training import Training


async def log(request: Request) -> Response:
    """What the log says from a byte on, and which sheets there are; `run` is null where no run was given."""
    studio: Studio = request.app.state.studio
    body = asked.known(await body_of(request), "from")
    start = asked.whole(body, "from", 0, asked.SEEDS, 0)
    run = studio.training
    if run is None:
        return JSONResponse({"run": None})

    def read(run: Training) -> dict[str, object]:
        return {"run": run.about(), "sheets": list(run.sheets()), **run.since(start)}

    return JSONResponse(await run_in_threadpool(read, run), headers={"cache-control": "no-store"})


async def sheet(request: Request) -> Response:
    """The samples at a number of pictures, looked up among those that are there."""
    studio: Studio = request.app.state.studio
    body = asked.known(await body_of(request), "images")
    images = asked.whole(body, "images", 0, asked.SEEDS)
    if studio.training is None:
        raise RecipeError("no training run was given; start the studio with --run FOLDER")
    return Response(await run_in_threadpool(studio.training.sheet, images), media_type="image/png")


ROUTES = [
    Route("/api/v1/training", log, methods=["POST"]),
    Route("/api/v1/training/sheet", sheet, methods=["POST"]),
]
