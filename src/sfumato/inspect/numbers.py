"""A step in a few numbers: enough to see where a run goes wrong without storing an array."""

import math
from typing import Any

import numpy as np

from sfumato.arrays import as_numpy
from sfumato.process.schedule import Level
from sfumato.samplers.base import Step
from sfumato.types import Array

PAIRS = (("cond", "null"), ("strong", "weak"))
"""What guidance is the difference of."""


def level_numbers(level: Level) -> dict[str, Any]:
    """t, alpha, sigma and, where the schedule has a table, i."""
    entries = {"t": float(level.t), "alpha": float(level.alpha), "sigma": float(level.sigma)}
    return entries if level.i is None else entries | {"i": int(level.i)}


def step_numbers(step: Step) -> dict[str, Any]:
    """The levels, the size of x_t, x0_hat and eps_hat, and how the two beliefs that guidance has differ.

    Sizes are root mean squares.

    guidance: rms(v_cond - v_null), or of the strong and the weak model's; v says something at every level, eps_hat
    nothing at t = 1 and x0_hat nothing at t = 0.
    cosine: of these two, over the whole batch.
    """
    belief = step.prediction
    entries: dict[str, Any] = {"event": "step", "i": step.i}
    entries |= {"here": level_numbers(step.here), "there": level_numbers(step.there)}
    entries |= {
        "x_t": rms(belief.x_t),
        "x0_hat": rms(belief.x0_hat),
        "eps_hat": rms(belief.eps_hat),
        "x_next": rms(step.x_next),
    }
    entries["evaluations"] = len(step.beliefs)
    pair = next((names for names in PAIRS if set(names) <= set(belief.terms)), None)
    if pair is not None:
        one, other = (as_numpy(belief.terms[name].v_hat).astype(np.float64).ravel() for name in pair)
        entries["guidance"] = rms(one - other)
        length = math.sqrt(float(one @ one) * float(other @ other))
        entries["cosine"] = float(one @ other) / length if length > 0.0 else 0.0
    return entries


def step_arrays(step: Step, fields: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The arrays of a step by field; cond and null are missing where the step had no such belief."""
    belief = step.prediction
    arrays: dict[str, Array] = {
        "x_t": belief.x_t,
        "x0_hat": belief.x0_hat,
        "eps_hat": belief.eps_hat,
        "x_next": step.x_next,
    }
    arrays |= {name: term.eps_hat for name, term in belief.terms.items()}
    return {name: as_numpy(arrays[name]) for name in fields if name in arrays}


def rms(x: Array) -> float:
    """sqrt(mean(x^2)) in float64: 1 for standard normal noise of any size."""
    return float(np.sqrt(np.mean(np.square(as_numpy(x), dtype=np.float64))))
