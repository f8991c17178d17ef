"""Euler's method on the probability flow in sigma / alpha (Karras et al. 2022, algorithm 1, lines 1-5)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from sfumato.process.schedule import Level
from sfumato.samplers.base import Denoise, Noise, Step
from sfumato.types import State


@dataclass(frozen=True, kw_only=True)
class Euler:
    """With y = x / alpha and s = sigma / alpha the flow is dy/ds = eps_hat; one step is y' = y + (s' - s) eps_hat.

    The same as DDIM with eta = 0, reached from the other side. From alpha = 0, where y is infinite, the step takes
    its limit alpha' x0_hat + sigma' eps_hat.

    Accuracy: order 1 (tests/proofs/test_order.py); equals DDIM to rounding (tests/proofs/test_identities.py).
    """

    kind: ClassVar[str] = "euler"
    order: ClassVar[int] = 1

    def __call__(self, denoise: Denoise, x: State, levels: Sequence[Level], noise: Noise, /) -> Iterator[Step]:
        """Yield a Step for each consecutive pair of `levels`; draws no noise."""
        for i, (here, there) in enumerate(pairwise(levels)):
            p = denoise(x, here)
            if here.alpha == 0.0:
                x = p.toward(there)
            else:
                x = there.alpha * (x / here.alpha + (there.sigma_edm - here.sigma_edm) * p.eps_hat)
            yield Step(i, here, there, p, x)
