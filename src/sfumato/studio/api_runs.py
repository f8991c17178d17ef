"""Runs of the playground: drawn step by step while the page looks on, kept, replayed, listed and given up."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from typing import Any, TypeVar

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sfumato.errors import RecipeError, SfumatoError
from sfumato.inspect.fork import Leg
from sfumato.inspect.numbers import step_numbers
from sfumato.model import Model
from sfumato.pipeline import Encoded
from sfumato.samplers.base import Step
from sfumato.studio import asked
from sfumato.studio.answers import body_of, stream
from sfumato.studio.asked_run import ENTRIES, recipe_of
from sfumato.studio.controls import controls
from sfumato.studio.frames import encode
from sfumato.studio.runs import Kept, Run
from sfumato.studio.studio import Studio

Found = TypeVar("Found")


async def dials(request: Request) -> Response:
    """What this model can be asked."""
    return JSONResponse(await answer(request, "controls", controls), headers={"cache-control": "no-store"})


async def begin(request: Request) -> Response:
    """A new run, or a fork of one, streamed step by step; with `Accept: image/png`, its finished picture alone."""
    studio: Studio = request.app.state.studio
    body = asked.known(await body_of(request), *ENTRIES, "fork")
    run = await answer(request, "begin", lambda model: made(studio, model, body))
    name = studio.runs.put(run)
    frames = drawn(studio, name, run)
    if "image/png" not in request.headers.get("accept", ""):
        return stream(frames)
    await run_in_threadpool(lambda: [None for _ in frames])
    if run.picture is None:
        raise RecipeError(run.error or "the run was stopped")
    return Response(run.picture.encode("png")[0], media_type="image/png", headers={"cache-control": "no-store"})


def made(studio: Studio, model: Model, body: Any) -> Run:
    """The run that a body asks for. Raises RecipeError."""
    if "fork" not in body:
        return Run((Leg(recipe=recipe_of(model, body)),))
    said = asked.known(body["fork"], "run", "step")
    parent = studio.runs.get(str(said.get("run", "")))
    at = asked.whole(said, "step", 0, max(0, len(parent.kept) - 1))
    recipe = recipe_of(model, body, parent.recipe)
    kept = tuple(leg for leg in parent.legs if leg.start < at) or parent.legs[:1]
    return Run((*kept, Leg(recipe=recipe, start=at)), parent=str(said["run"]), before=tuple(parent.kept[:at]))


def drawn(studio: Studio, name: str, run: Run) -> Iterator[bytes]:
    """The frames of a run while it is made. Whoever leaves stops it at its next step; what there is stays."""
    error, ended = "", False
    try:
        while not ended:
            try:
                event = studio.desk.ask(f"run {name}", run.advance).result()
            except CancelledError as problem:
                raise RecipeError("the studio is closing") from problem
            ended = event is None
            if isinstance(event, Encoded):
                yield encode("leg", {"words": words(run)}) if run.kept else hello(name, run)
            elif isinstance(event, Step):
                studio.runs.settle()
                yield frame_of(len(run.kept) - 1, run)
        if run.picture is not None:
            yield end_of(run)
    except SfumatoError as problem:
        error = str(problem)
        raise
    finally:
        run.leave(error)


async def again(request: Request) -> Response:
    """A run as it is kept, with nothing computed anew."""
    name, run = found(request)

    def frames() -> Iterator[bytes]:
        yield hello(name, run)
        for k in range(len(run.kept)):
            yield frame_of(k, run)
        if run.picture is not None:
            yield end_of(run)

    return stream(frames())


async def listed(request: Request) -> Response:
    """All runs that are kept, the oldest first, in a few words each."""
    studio: Studio = request.app.state.studio
    runs = [words_of(name, run) for name, run in sorted(studio.runs.all(), key=lambda pair: pair[1].born)]
    return JSONResponse({"runs": runs}, headers={"cache-control": "no-store"})


async def drop(request: Request) -> Response:
    """Give a run up."""
    name, run = found(request)
    request.app.state.studio.runs.drop(name)
    run.leave()
    return JSONResponse({"dropped": name})


def found(request: Request) -> tuple[str, Run]:
    """The run that the address names, looked up in a table. Raises RecipeError."""
    name = str(request.path_params["run"])
    return name, request.app.state.studio.runs.get(name)


async def answer(request: Request, what: str, question: Callable[[Model], Found]) -> Found:
    """The desk's answer to a question of the playground's. Raises RecipeError where a newer one came first."""
    studio: Studio = request.app.state.studio
    try:
        return await asyncio.wrap_future(studio.desk.ask(f"{what} {id(request)}", question))
    except CancelledError as problem:
        raise RecipeError("the studio is closing") from problem


def words_of(name: str, run: Run) -> dict[str, Any]:
    """A run in a few words."""
    recipe = run.recipe
    return {
        "run": name, "prompt": recipe.prompt, "negative": recipe.negative, "seed": recipe.seed,
        "sampler": recipe.sampler["kind"], "w": recipe.guidance["scale"], "state": run.state, "error": run.error,
        "kept": len(run.kept), "steps": run.steps, "parent": run.parent, "at": run.at, "imported": run.imported,
    }  # fmt: skip


def hello(name: str, run: Run) -> bytes:
    """What the steps belong to: the recipe, and the prompt as the model reads it."""
    legs = [{"start": leg.start, "recipe": leg.recipe.to_dict()} for leg in run.legs]
    return encode("hello", words_of(name, run) | {"recipe": run.recipe.to_dict(), "legs": legs, "words": words(run)})


def words(run: Run) -> list[list[str]]:
    """Prompt and negative prompt of the newest leg, as the model reads them."""
    return [] if run.encoded is None else [list(side) for side in (*run.encoded.cond.words, *run.encoded.null.words)]


def frame_of(k: int, run: Run) -> bytes:
    """Step k: its numbers, and what x_t and x0_hat look like."""
    kept: Kept = run.kept[k]
    spent = len(run.beliefs(k + 1))
    entries = step_numbers(kept.step) | {"n": run.steps, "spent": spent, "ms": 1000.0 * kept.seconds}
    return encode("step", entries | {"shared": k < run.at}, state=kept.state, guess=kept.guess)


def end_of(run: Run) -> bytes:
    """The finished picture."""
    assert run.picture is not None
    pixels = np.asarray(run.picture.image.convert("RGB"))
    entries = {"sha256": run.picture.pixels_sha256, "notes": list(run.picture.notes)}
    return encode("picture", entries, picture=pixels)


ROUTES = [
    Route("/api/v1/playground", dials),
    Route("/api/v1/runs", begin, methods=["POST"]),
    Route("/api/v1/runs", listed),
    Route("/api/v1/runs/{run}", again),
    Route("/api/v1/runs/{run}", drop, methods=["DELETE"]),
]
