"""Pseudo numerical methods: Runge-Kutta to warm up, then a linear multistep (Liu et al. 2022, algorithm 2)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sfumato.process.prediction import Prediction
from sfumato.process.schedule import Level
from sfumato.samplers.base import Denoise, Noise, Step
from sfumato.types import State

MAGNIFIED = 100.0
"""How many times larger the transfer may make a difference of eps_hat before that is mostly rounding."""


@dataclass(frozen=True, kw_only=True)
class PNDM:
    """Every step is the DDIM transfer (the paper's equation 11) with a mean of several eps_hat in place of one.

    The multistep takes the last four, weighed by the integral in t of the polynomial through them: on an even grid
    Adams and Bashforth's 55, -59, 37, -9 over 24 (equation 12). Until there are four, a pseudo Runge-Kutta step
    (equation 13) spans two intervals of `levels`, with the level between as its middle: four evaluations, two Steps,
    whose second evaluations are their `extra`. Where no level with noise lies two ahead, the multistep makes do with
    fewer. From next to no signal (alpha_s sigma_t / alpha_t > 100), where equation 11 magnifies rounding, it is DDIM.

    Accuracy: order 2, since the transfer is not linear in t (theorem 1 of the paper; tests/proofs/test_order.py).
    """

    kind: ClassVar[str] = "pndm"
    order: ClassVar[int] = 2

    def __call__(self, denoise: Denoise, x: State, levels: Sequence[Level], noise: Noise, /) -> Iterator[Step]:
        """Yield a Step for each consecutive pair of `levels`; draws no noise."""
        past: list[Prediction] = []
        steps_left = list(enumerate(levels))[:-1]
        while steps_left:
            i, here = steps_left.pop(0)
            p = denoise(x, here)
            past = [p, *past[:3]]
            ahead = levels[i + 1 : i + 3]
            if ahead[-1].alpha * here.sigma > MAGNIFIED * here.alpha:
                x = p.toward(ahead[0])
                yield Step(i, here, ahead[0], p, x)
            elif len(past) < 4 and len(ahead) == 2 and ahead[1].sigma > 0.0:
                steps_left.pop(0)
                for step in runge_kutta(denoise, p, i, ahead[0], ahead[1]):
                    x = step.x_next
                    yield step
            else:
                x = transfer(p, multistep(past, ahead[0]), ahead[0])
                yield Step(i, here, ahead[0], p, x)


def transfer(p: Prediction, eps: State, there: Level) -> State:
    """Carry x_t along `eps`: alpha_s (x_t / alpha_t + (sigma_s / alpha_s - sigma_t / alpha_t) eps).

    Written as the transfer along eps_hat and the difference, which keeps its digits where alpha_t is small.
    """
    return p.toward(there) + there.alpha * (there.sigma_edm - p.level.sigma_edm) * (eps - p.eps_hat)


def multistep(past: Sequence[Prediction], there: Level) -> State:
    """The mean over the coming step of the polynomial in t through the eps_hat of `past`, latest first."""
    here = past[0].level
    nodes = [(p.level.t - here.t) / (there.t - here.t) for p in past]
    powers = np.arange(len(past))
    weights = np.linalg.solve(np.power.outer(nodes, powers).T, np.reciprocal(np.arange(1.0, len(past) + 1.0))).tolist()
    total = weights[0] * past[0].eps_hat
    for weight, p in zip(weights[1:], past[1:], strict=True):
        total = total + weight * p.eps_hat
    return total


def runge_kutta(denoise: Denoise, first: Prediction, i: int, middle: Level, there: Level) -> Iterator[Step]:
    """Equation 13, over `middle` to `there`: slopes at the start, twice in the middle, at the end."""
    second = denoise(first.toward(middle), middle)
    x_middle = transfer(first, second.eps_hat, middle)
    yield Step(i, first.level, middle, first, x_middle, (second,))
    third = denoise(x_middle, middle)
    last = denoise(transfer(first, third.eps_hat, there), there)
    eps = (first.eps_hat + 2.0 * second.eps_hat + 2.0 * third.eps_hat + last.eps_hat) / 6.0
    yield Step(i + 1, middle, there, third, transfer(first, eps, there), (last,))
