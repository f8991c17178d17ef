"""What figure 2.6 asks: where each sampler ends on one budget, and how its error falls as the budget grows."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sfumato.errors import RecipeError
from sfumato.model import Model
from sfumato.studio import asked
from sfumato.studio.answers import body_of, stream
from sfumato.studio.api_network import waiting
from sfumato.studio.frames import encode
from sfumato.studio.futures import pictures
from sfumato.studio.race import LANES, Finish, finish, reference

SPACINGS = ("trailing", "quadratic", "karras")
"""Of all in process/grid.py, three that differ much."""

BUDGETS = (2, 4, 8, 16, 32)
"""Evaluations at which the errors are measured for the curves."""


async def lanes(request: Request) -> Response:
    """The reference in one frame, then one for each lane: where it ended, and how far off."""
    body = asked.known(await body_of(request), "prompt", "seed", "spacing", "evaluations")
    prompt, seed, spacing = _course(body)
    evaluations, ask = asked.whole(body, "evaluations", 1, BUDGETS[-1]), waiting(request)

    def seen(model: Model, end: Finish) -> np.ndarray:
        return pictures(model, end.x_0[None])[0].astype(np.float16)

    def goal(model: Model) -> tuple[Finish, np.ndarray]:
        end = reference(model, prompt, seed=seed, spacing=spacing)
        return end, seen(model, end)

    def run(model: Model, kind: str) -> tuple[Finish, np.ndarray]:
        end = finish(model, kind, prompt, seed=seed, evaluations=evaluations, spacing=spacing)
        return end, seen(model, end)

    def frames() -> Iterator[bytes]:
        goal_end, picture = ask(goal)
        yield encode("reference", {"evaluations": goal_end.evaluations}, picture=picture)
        for kind in LANES:
            end, picture = ask(lambda model, kind=kind: run(model, kind))
            told = {"kind": kind, "steps": end.steps, "evaluations": end.evaluations, "error": end.error(goal_end)}
            yield encode("lane", told, picture=picture)

    return stream(frames())


async def curves(request: Request) -> Response:
    """Each lane's error at each budget, a frame each: small budgets first."""
    prompt, seed, spacing = _course(asked.known(await body_of(request), "prompt", "seed", "spacing"))
    ask = waiting(request)

    def run(model: Model, kind: str, budget: int) -> Finish:
        return finish(model, kind, prompt, seed=seed, evaluations=budget, spacing=spacing)

    def frames() -> Iterator[bytes]:
        end = ask(lambda model: reference(model, prompt, seed=seed, spacing=spacing))
        for budget in BUDGETS:
            for kind in LANES:
                found = ask(lambda model, kind=kind, budget=budget: run(model, kind, budget))
                told = {"kind": kind, "budget": budget, "evaluations": found.evaluations, "error": found.error(end)}
                yield encode("point", told)

    return stream(frames())


def _course(body: Mapping[str, Any]) -> tuple[str, int, str]:
    spacing = body.get("spacing", SPACINGS[0])
    if spacing not in SPACINGS:
        raise RecipeError(f"spacing is {str(spacing)[:40]!r}; expected one of {', '.join(SPACINGS)}")
    return asked.words(body, "prompt"), asked.seed(body), spacing


ROUTES = [
    Route("/api/v1/race", lanes, methods=["POST"]),
    Route("/api/v1/race/curves", curves, methods=["POST"]),
]
