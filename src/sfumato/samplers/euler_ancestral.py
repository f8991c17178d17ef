"""Euler steps that go too far down and come back up with fresh noise (Song et al. 2021, appendix F)."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from sfumato.process.schedule import Level
from sfumato.samplers.base import Denoise, Noise, Step
from sfumato.types import State


@dataclass(frozen=True, kw_only=True)
class EulerAncestral:
    """An Euler step from s = sigma / alpha to `down`, then noise of deviation `up`, with down^2 + up^2 = s'^2.

    down = s'^2 / s and up^2 = s'^2 - down^2 make it the posterior of q, as in DDPM. The Euler step lands on x0_hat +
    down eps_hat, because y = x / alpha is x0_hat + s eps_hat; written so, it holds at alpha = 0 too.

    Accuracy: weak order 1 (tests/proofs/test_moments.py).
    """

    kind: ClassVar[str] = "euler-ancestral"
    order: ClassVar[int] = 1

    def __call__(self, denoise: Denoise, x: State, levels: Sequence[Level], noise: Noise, /) -> Iterator[Step]:
        """Yield a Step for each consecutive pair of `levels`."""
        for i, (here, there) in enumerate(pairwise(levels)):
            p = denoise(x, here)
            down = there.sigma_edm**2 * here.alpha / here.sigma
            up = math.sqrt(there.sigma_edm**2 - down**2)
            x = there.alpha * (p.x0_hat + down * p.eps_hat)
            if up > 0.0:
                x = x + there.alpha * up * noise(i, 0, x)
            yield Step(i, here, there, p, x)
