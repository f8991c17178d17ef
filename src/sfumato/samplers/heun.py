"""Heun's method on the probability flow, in the variable sigma / alpha (Karras et al. 2022, algorithm 1)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from sfumato.process.schedule import Level
from sfumato.samplers.base import Denoise, Noise, Step
from sfumato.types import State


@dataclass(frozen=True, kw_only=True)
class Heun:
    """An Euler step, then the slope at its far end: y' = y + (s' - s) (eps_hat + eps_hat') / 2.

    y = x / alpha and s = sigma / alpha. Two evaluations a step; the last, to sigma = 0, is an Euler step, as is one
    from alpha = 0, where s is infinite. The far evaluation is the Step's `extra`.

    Accuracy: order 2 (tests/proofs/test_order.py).
    """

    kind: ClassVar[str] = "heun"
    order: ClassVar[int] = 2

    def __call__(self, denoise: Denoise, x: State, levels: Sequence[Level], noise: Noise, /) -> Iterator[Step]:
        """Yield a Step for each consecutive pair of `levels`; draws no noise."""
        for i, (here, there) in enumerate(pairwise(levels)):
            p = denoise(x, here)
            x = p.toward(there)
            if there.sigma == 0.0 or here.alpha == 0.0:
                yield Step(i, here, there, p, x)
                continue
            far = denoise(x, there)
            half = there.alpha * (there.sigma_edm - here.sigma_edm) / 2.0
            x = x + half * (far.eps_hat - p.eps_hat)
            yield Step(i, here, there, p, x, (far,))
