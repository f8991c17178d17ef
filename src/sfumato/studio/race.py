"""The race at equal cost: samplers from the same noise with as many evaluations each, and how far they miss."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from sfumato.arrays import as_numpy
from sfumato.errors import RecipeError
from sfumato.inspect.numbers import rms
from sfumato.model import Model
from sfumato.options import whole_sampler
from sfumato.pipeline import trace
from sfumato.process.grid import GRIDS
from sfumato.process.schedule import Schedule
from sfumato.recipe import Recipe
from sfumato.samplers.base import Step
from sfumato.studio.denoise import Latents

LANES = ("ddpm", "ddim", "heun", "dpmpp-2m")
"""Who runs: one that draws noise, and three that follow the same curve without any."""

REFERENCE = 96
"""Evaluations of the run that the others are measured by: Heun's, of order 2, with three times what any of them has."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Finish:
    """Where a sampler ended: the latents x_0, the steps it took and the evaluations they cost.

    guesses: x0_hat after so many evaluations each, step by step.
    """

    kind: str
    steps: int
    evaluations: int
    x_0: Latents
    guesses: Sequence[tuple[int, Latents]]

    def error(self, reference: "Finish") -> float:
        """Distance from where the reference ended, root mean square over the latents' numbers."""
        return rms(self.x_0 - reference.x_0)

    def errors(self, reference: "Finish") -> list[tuple[int, float]]:
        """The same of what it believed after so many evaluations."""
        return [(spent, rms(guess - reference.x_0)) for spent, guess in self.guesses]


def finish(model: Model, kind: str, prompt: str, *, seed: int, evaluations: int, spacing: str = "trailing") -> Finish:
    """Run one sampler from the seed's noise, following the prompt plainly (w = 1), within that many evaluations.

    Raises:
        RecipeError: an unknown sampler or spacing, or no evaluation.
    """
    steps = affordable(model.bundle.schedule, kind, spacing, evaluations)
    plain = model.recipe(prompt, seed=seed, steps=steps, grid=spacing, guidance={"scale": 1.0})
    return raced(model, plain, kind, evaluations)


def raced(model: Model, recipe: Recipe, kind: str, evaluations: int) -> Finish:
    """Run one sampler with its own options by a recipe that says the rest; guidance's two sides are one evaluation.

    Raises:
        RecipeError: an unknown sampler, or no evaluation.
    """
    steps = affordable(model.bundle.schedule, kind, recipe.grid, evaluations)
    own = whole_sampler({"kind": kind}, recipe.sampler)
    return _ended(model, replace(recipe, sampler=own, steps=steps).to_json())


def reference(model: Model, prompt: str, *, seed: int, spacing: str = "trailing") -> Finish:
    """Where the curve leads, nearly: its equation solved with many more evaluations than a lane has."""
    return finish(model, "heun", prompt, seed=seed, evaluations=REFERENCE, spacing=spacing)


def affordable(schedule: Schedule, kind: str, spacing: str, evaluations: int) -> int:
    """How many steps so many evaluations pay for: Heun's method asks twice, but not on its way from noise or to clean.

    Raises:
        RecipeError: an unknown spacing, or no evaluation.
    """
    if spacing not in GRIDS or evaluations < 1:
        raise RecipeError(f"{evaluations} evaluations, spaced {spacing[:40]!r}; expected 1 or more, {', '.join(GRIDS)}")
    steps = evaluations
    if kind == "heun":
        while steps > 1 and _asked(schedule, spacing, steps) > evaluations:
            steps -= 1
    return steps


def _asked(schedule: Schedule, spacing: str, steps: int) -> int:
    """Evaluations of Heun's method."""
    ways = pairwise(GRIDS[spacing](schedule, steps))
    return sum(1 if there.sigma == 0.0 or here.alpha == 0.0 else 2 for here, there in ways)


@lru_cache(maxsize=64)
def _ended(model: Model, recipe: str) -> Finish:
    """The run of a recipe in JSON, kept."""
    asked, cost = Recipe.from_json(recipe), 0
    guesses: list[tuple[int, Latents]] = []
    for event in trace(model.bundle, asked):
        if isinstance(event, Step):
            cost += len(event.beliefs)
            guesses.append((cost, as_numpy(event.prediction.x0_hat)[0]))
            if event.there.sigma == 0.0:
                x_0, kind = as_numpy(event.x_next)[0], asked.sampler["kind"]
                return Finish(kind=kind, steps=asked.steps, evaluations=cost, x_0=x_0, guesses=guesses)
    raise AssertionError("a trace ends clean")
