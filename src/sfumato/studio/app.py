"""The studio's application: the page, its files, the API, and the guard before them."""

from collections.abc import Sequence
from importlib.resources import as_file, files
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from sfumato.errors import SfumatoError
from sfumato.studio import (
    api,
    api_attention,
    api_code,
    api_film,
    api_futures,
    api_guidance,
    api_keepsakes,
    api_lie,
    api_losses,
    api_machine,
    api_neighbours,
    api_network,
    api_questions,
    api_race,
    api_runs,
    api_straight,
    api_training,
    api_words,
    api_xray,
    page,
)
from sfumato.studio.answers import ours
from sfumato.studio.foreign import openai, webui
from sfumato.studio.guard import App, Guard
from sfumato.studio.studio import Studio

ROUTES = [
    *api.ROUTES,
    *api_network.ROUTES,
    *api_attention.ROUTES,
    *api_code.ROUTES,
    *api_futures.ROUTES,
    *api_film.ROUTES,
    *api_race.ROUTES,
    *api_xray.ROUTES,
    *api_guidance.ROUTES,
    *api_lie.ROUTES,
    *api_losses.ROUTES,
    *api_machine.ROUTES,
    *api_neighbours.ROUTES,
    *api_runs.ROUTES,
    *api_straight.ROUTES,
    *api_keepsakes.ROUTES,
    *api_questions.ROUTES,
    *api_training.ROUTES,
    *api_words.ROUTES,
    *openai.ROUTES,
    *webui.ROUTES,
]
"""Everything below /api/v1, and what programs of other people ask for."""


def application(studio: Studio, *, port: int | None = None, routes: Sequence[Route] = ROUTES) -> App:
    """The ASGI application of one studio. port: what the Host header must name (None: any, for tests)."""

    async def opened(request: Request) -> Response:
        name = request.url.path.strip("/") or "index"
        return HTMLResponse(page.page(studio.token, name), headers={"cache-control": "no-store"})

    with as_file(files("sfumato.studio") / "static") as folder:
        static = StaticFiles(directory=Path(folder))
    pages = [Route(page.address(name), opened) for name in page.PAGES]
    inner = Starlette(
        routes=[*pages, *routes, Mount("/static", static)],
        exception_handlers={SfumatoError: ours},
    )
    inner.state.studio = studio
    return Guard(inner, token=studio.token, port=port)
