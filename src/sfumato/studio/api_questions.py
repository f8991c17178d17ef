"""Questions to a run, over the wire: attention, what hiding a word does, a race, guidance, text, latents, network."""

from collections.abc import Iterator
from dataclasses import asdict

import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sfumato.model import Model
from sfumato.studio import asked, questions
from sfumato.studio.answers import body_of, single, stream
from sfumato.studio.api_network import put, waiting
from sfumato.studio.asked_run import STEPS
from sfumato.studio.frames import encode
from sfumato.studio.futures import pictures
from sfumato.studio.race import LANES, REFERENCE, Finish, raced
from sfumato.studio.runs import Run
from sfumato.studio.studio import Studio

MOST = 64
"""Evaluations that each lane of a race may have."""


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


async def ablation(request: Request) -> Response:
    """How much and where the belief of one step changes when each word is hidden from the network."""
    run, k, body = await _asked(request, "side")
    side = asked.words(body, "side") or "prompt"
    found = await put(request, lambda model: questions.ablation(model, run, k, side))
    entries = {"words": list(found.tokens), "size": list(found.changes.shape[1:]), "step": k, "side": side}
    return single("ablation", entries, changes=found.changes)


async def race(request: Request) -> Response:
    """The run's recipe by other samplers at equal cost: the goal in a frame, then one for each lane."""
    run, _, body = await _asked(request, "evaluations")
    evaluations, ask = asked.whole(body, "evaluations", 1, MOST), waiting(request)
    kinds = list(dict.fromkeys((run.recipe.sampler["kind"], *LANES)))

    def ran(kind: str, evaluations: int) -> tuple[Finish, np.ndarray]:
        def question(model: Model) -> tuple[Finish, np.ndarray]:
            end = raced(model, run.recipe, kind, evaluations)
            return end, pictures(model, end.x_0[None])[0].astype(np.float16)

        return ask(question)

    def frames() -> Iterator[bytes]:
        goal, picture = ran("heun", REFERENCE)
        yield encode("goal", {"evaluations": goal.evaluations, "lanes": kinds}, picture=picture)
        for kind in kinds:
            end, picture = ran(kind, evaluations)
            told = {"kind": kind, "steps": end.steps, "evaluations": end.evaluations, "error": end.error(goal)}
            yield encode("lane", told | {"errors": end.errors(goal)}, picture=picture)

    return stream(frames())


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


async def latents(request: Request) -> Response:
    """The latents of one step, and one number of them, by channel, row and column, over all steps."""
    run, k, body = await _asked(request, "place")
    place, held, believed = questions.course(run, asked.place(body) if "place" in body else None)
    found = questions.latents(run, k)
    entries = {"step": k, "shape": list(found["x_t"].shape), "place": list(place), "held": held, "believed": believed}
    return single("latents", entries, **found)


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
    for question in (attention, ablation, race, guidance, text, latents, network)
]
