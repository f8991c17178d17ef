"""Questions to a run after its end: attention, what guidance did, how the text was read, where the time goes.

The network is asked again about a state that was kept, so that the run itself was neither slowed nor changed.
"""

import time
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32, Float64

from sfumato.arrays import as_numpy
from sfumato.conditioner import Conditioning
from sfumato.errors import RecipeError
from sfumato.inspect.geometry import geometry, steered
from sfumato.inspect.timing import Timed, timing
from sfumato.inspect.watch import watch
from sfumato.model import Model
from sfumato.pipeline import encode, guidance_of
from sfumato.recipe import Recipe
from sfumato.samplers.base import Step
from sfumato.studio.attention import CROSS, Looked, laid_out, looked_at, refuse_wordless
from sfumato.studio.runs import Run

SIDES = ("prompt", "negative")


def step_of(run: Run, k: int) -> tuple[Step, Recipe]:
    """Step k of a run, and the recipe that held there. Raises RecipeError."""
    if not 0 <= k < len(run.kept):
        raise RecipeError(f"step is {k}; the run has 0..{len(run.kept) - 1}")
    return run.kept[k].step, next(leg.recipe for leg in reversed(run.legs) if leg.start <= k)


def attention(
    model: Model, run: Run, k: int, side: str
) -> tuple[tuple[str, ...], dict[str, Float32[np.ndarray, "n m h w"]]]:
    """The words of one side, and for each layer that looks at them its maps: heads, words, places; words sum to 1.

    Raises:
        RecipeError: no such side, or a network that looks at no words.
    """
    step, recipe = step_of(run, k)
    refuse_wordless(model.bundle.denoiser)
    cond = _told(model, recipe, _said(recipe, side))
    count, (height, width) = len(cond.words[0]), step.prediction.x_t.shape[-2:]
    seen: dict[str, Float32[np.ndarray, "n m h w"]] = {}

    def sink(name: str, weights: Any) -> None:
        places, tokens = weights.shape[2:]
        by = round((height * width / places) ** 0.5)
        if tokens == cond.tokens.shape[1] and by and (height // by) * (width // by) == places:
            seen[name] = laid_out(as_numpy(weights)[0, :, :, :count], (height, width)).astype(np.float32)

    with torch.no_grad(), watch(model.bundle.denoiser, CROSS, sink):
        model.bundle.denoiser(step.prediction.x_t, step.here, cond)
    return cond.words[0], seen


def ablation(model: Model, run: Run, k: int, side: str) -> Looked:
    """What hiding each word of one side changes in what was believed at step k.

    Raises:
        RecipeError: no such side, or a network that looks at no words.
    """
    step, recipe = step_of(run, k)
    cond = _told(model, recipe, _said(recipe, side))
    return looked_at(model, step.prediction.x_t, step.here, cond)


def _said(recipe: Recipe, side: str) -> str:
    """The text of one side. Raises RecipeError."""
    if side not in SIDES:
        raise RecipeError(f"side is {side[:20]!r}; expected prompt or negative")
    return recipe.prompt if side == "prompt" else recipe.negative


def _told(model: Model, recipe: Recipe, words: str) -> Conditioning:
    """The text as the network was told it; with the dials of a network that learnt guidance."""
    cond = encode(model.bundle.conditioner, [words])
    if recipe.guidance["kind"] != "embedded":
        return cond
    dials = torch.full((1, 1), float(recipe.guidance["scale"]) - 1.0, dtype=cond.tokens.dtype)
    return Conditioning(cond.tokens, cond.mask, cond.words, cond.pooled, dials.to(cond.tokens.device))


def guided(run: Run) -> list[dict[str, Any] | None]:
    """The geometry of every step; None where only one side was asked."""
    found = (geometry(kept.step) for kept in run.kept)
    return [None if one is None else asdict(one) for one in found]


def bits(run: Run, k: int) -> Float64[np.ndarray, "h w"] | None:
    """Where in the picture the prompt steered at step k, in bits."""
    return steered(step_of(run, k)[0])


def text(model: Model, run: Run) -> list[dict[str, Any]]:
    """Both sides as the model reads them: words, how large each one's state is, how like each other they are."""
    told = []
    for side, words in zip(SIDES, (run.recipe.prompt, run.recipe.negative), strict=True):
        cond = encode(model.bundle.conditioner, [words])
        states = as_numpy(cond.tokens)[0][: len(cond.words[0])].astype(np.float64)
        sizes = np.sqrt(np.mean(states**2, axis=1))
        unit = states / np.maximum(np.linalg.norm(states, axis=1, keepdims=True), 1e-12)
        told.append({
            "side": side, "text": words, "words": list(cond.words[0]), "sizes": sizes.tolist(),
            "alike": (unit @ unit.T).tolist(), "room": int(cond.tokens.shape[1]), "width": int(cond.tokens.shape[2]),
            "notes": list(model.notes(words)),
        })  # fmt: skip
    return told


def latents(run: Run, k: int) -> dict[str, Float32[np.ndarray, "c h w"]]:
    """What step k held and believed: x_t, x0_hat and eps_hat; and x_0, where the run has come to its end."""
    belief = step_of(run, k)[0].prediction
    found = {"x_t": belief.x_t, "x0_hat": belief.x0_hat, "eps_hat": belief.eps_hat}
    if run.latent is not None:
        found["x_0"] = run.latent
    return {name: as_numpy(each)[0].astype(np.float32) for name, each in found.items()}


def course(run: Run, place: tuple[int, ...] | None) -> tuple[tuple[int, ...], list[float], list[float]]:
    """One number of the latents at every step of a run: in x_t, and in x0_hat.

    place: its channel, row and column; None is the first channel's middle. It is returned, too.

    Raises:
        RecipeError: no such place.
    """
    shape = tuple(run.kept[0].step.prediction.x_t.shape[1:])
    place = (0, shape[1] // 2, shape[2] // 2) if place is None else place
    if any(at >= size for at, size in zip(place, shape, strict=True)):
        raise RecipeError(f"place is {list(place)}; the latents have {' x '.join(map(str, shape))} numbers")
    beliefs = [kept.step.prediction for kept in run.kept]
    return place, [float(b.x_t[0][place]) for b in beliefs], [float(b.x0_hat[0][place]) for b in beliefs]


def network(model: Model, run: Run, k: int) -> tuple[list[Timed], float]:
    """Every part of the network with its time, asked as it was at step k; and the seconds of the whole, untimed.

    The network is asked twice: first plainly, which also warms it up.
    """
    step, recipe = step_of(run, k)
    cond, null = (encode(model.bundle.conditioner, [words]) for words in (recipe.prompt, recipe.negative))
    guidance = guidance_of(model.bundle, recipe)
    with torch.no_grad():
        begin = time.perf_counter()
        guidance(model.bundle.denoiser, step.prediction.x_t, step.here, cond, null)
        whole = time.perf_counter() - begin
        with timing(model.bundle.denoiser) as parts:
            guidance(model.bundle.denoiser, step.prediction.x_t, step.here, cond, null)
    return parts, whole
