"""DPM-Solver++(2M): exact but for x0_hat, which is extrapolated from two steps (Lu et al. 2022b, algorithm 2)."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from sfumato.process.prediction import Prediction
from sfumato.process.schedule import Level
from sfumato.samplers.base import Denoise, Noise, Step
from sfumato.types import State


@dataclass(frozen=True, kw_only=True)
class DPMPP2M:
    """x_s = (sigma_s / sigma_t) x_t + alpha_s (1 - e^-h) D, where h = lam_s - lam_t is the step in half log-SNR.

    D = x0_hat + h / (2 h_last) (x0_hat - x0_hat_last) is x0_hat as it will be half a step ahead. The first step has
    no past and the step to sigma = 0 has no half, so these take D = x0_hat, which is DDIM.

    Accuracy: order 2 (tests/proofs/test_order.py).
    """

    kind: ClassVar[str] = "dpmpp-2m"
    order: ClassVar[int] = 2

    def __call__(self, denoise: Denoise, x: State, levels: Sequence[Level], noise: Noise, /) -> Iterator[Step]:
        """Yield a Step for each consecutive pair of `levels`; draws no noise."""
        last: Prediction | None = None
        for i, (here, there) in enumerate(pairwise(levels)):
            p = denoise(x, here)
            h = there.lam - here.lam
            ahead = p.x0_hat
            if last is not None and there.sigma > 0.0:
                ahead = ahead + h / (2.0 * (here.lam - last.level.lam)) * (p.x0_hat - last.x0_hat)
            x = there.sigma / here.sigma * x - there.alpha * math.expm1(-h) * ahead
            last = p
            yield Step(i, here, there, p, x)
