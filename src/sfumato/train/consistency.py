"""The consistency loss: two points of one trajectory must be sent to the same end (Song et al. 2023, equations 7, 10).

loss = E lambda d(f(x_t, t), f'(x_s, s)), s the next cleaner level, f' the target: fixed, an average of f or f itself.
The two methods differ in x_s alone: a teacher's step from x_t (distillation), or the same picture with the same noise
at s (training).
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from sfumato.process.consistency import consistent
from sfumato.process.distance import apart, pseudo_huber, squared
from sfumato.process.prediction import Prediction
from sfumato.process.schedule import Level
from sfumato.train.consistency_recipe import ConsistencyOptions
from sfumato.types import State

STEADY = 1e-3
"""c of the adaptive weight."""

Believe = Callable[[Tensor, Level], Prediction]
"""A network with its prompt bound."""


@dataclass(frozen=True, eq=False)
class Pair:
    """Neighbouring levels for each sample, arrays [b, 1, ...], and the boundary."""

    here: Level
    there: Level
    end: Level


def both_ends(student: Believe, target: Believe, x_here: State, x_there: State, pair: Pair) -> tuple[State, State]:
    """f(x_t, t) and f'(x_s, s); no gradient goes through the second."""
    with torch.no_grad():
        goal = consistent(target(x_there, pair.there), pair.end)
    return consistent(student(x_here, pair.here), pair.end), goal


def consistency_errors(ends: tuple[State, State], pair: Pair, options: ConsistencyOptions) -> Float[Tensor, " b"]:
    """lambda d(f(x_t, t), f'(x_s, s)) of each sample."""
    far = measured(ends[0] - ends[1], options)
    if options.weigh == "one":
        return far
    return far / torch.as_tensor(apart(pair.here, pair.there)).flatten()


def measured(difference: State, options: ConsistencyOptions) -> Float[Tensor, " b"]:
    """How far a difference is from 0, as the options measure it."""
    if options.distance == "pseudo-huber":
        return pseudo_huber(difference, options.huber)
    return squared(difference) if options.distance == "squared" else adaptive(squared(difference))


def adaptive(errors: Float[Tensor, " b"]) -> Float[Tensor, " b"]:
    """Each error over itself plus c, as a fixed weight, so that large ones do not drown the rest.

    Geng et al. 2025, section 4.3, with p = 1; for errors that are noise at heart. Where they can vanish, as with a
    teacher, it holds fast to what is good already: take one of the others.
    """
    return errors / (errors.detach() + STEADY)
