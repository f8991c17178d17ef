"""Questions to a run, over the wire: attention, guidance, text, network."""

from dataclasses import asdict

import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sfumato.studio import asked, questions
from sfumato.studio.answers import body_of, single
from sfumato.studio.api_network import put
from sfumato.studio.asked_run import STEPS
from sfumato.studio.runs import Run
from sfumato.studio.studio import Studio


async def attention(request: Request) -> Response:
    """Where each word was looked at in one step, layer by layer, head by head."""
    run, k, body = await _asked(request, "side")
    side = asked.words(body, "side") or "prompt"
    words, maps = await put(request, lambda model: questions.attention(model, run, k, side))
    arrays = {f"maps{j}": layer.astype(np.float16) for j, layer in enumerate(maps.values())}
    shapes = [list(layer.shape) for layer in maps.values()]
    return single(
        "attention", {"words": list(words), "layers": list(maps), "shapes": shapes, "step": k, "side": side}, **arrays
    )


async def guidance(request: Request) -> Response:
    """The plane of every step, and where the prompt steered in one."""
    run, k, _ = await _asked(request)
    where = questions.bits(run, k)
    arrays = {} if where is None else {"bits": where.astype(np.float32)}
    return single("guidance", {"steps": questions.guided(run), "step": k}, **arrays)


async def text(request: Request) -> Response:
    """Prompt and negative prompt as the model reads them."""
    run, _, _ = await _asked(request)
    return single("text", {"sides": await put(request, lambda model: questions.text(model, run))})


async def network(request: Request) -> Response:
    """Every part of the network with its measured time."""
    run, k, _ = await _asked(request)
    parts, whole = await put(request, lambda model: questions.network(model, run, k))
    return single("network", {"parts": [asdict(part) for part in parts], "seconds": whole})


async def _asked(request: Request, *more: str) -> tuple[Run, int, dict[str, object]]:
    """The run and the step that a body names. Raises RecipeError."""
    studio: Studio = request.app.state.studio
    body = asked.known(await body_of(request), "run", "step", *more)
    run = studio.runs.get(str(body.get("run", "")))
    k = asked.whole(body, "step", 0, STEPS * 5, 0)
    questions.step_of(run, k)
    return run, k, dict(body)


ROUTES = [
    Route(f"/api/v1/ask/{question.__name__}", question, methods=["POST"])
    for question in (attention, guidance, text, network)
]
