"""SDE-DPM-Solver++(2M): the reverse diffusion, exact but for x0_hat (Lu et al. 2022b, equation 18)."""

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
class DPMPP2MSDE:
    """x_s = (sigma_s / sigma_t) e^-h x_t + alpha_s fresh D + sigma_s sqrt(fresh) z, with fresh = 1 - e^-2h.

    h = lam_s - lam_t is the step in half log-SNR and D is x0_hat half a step ahead, as in DPM-Solver++(2M): x0_hat +
    h / (2 h_last) (x0_hat - x0_hat_last); plain x0_hat at the first step and at the one to sigma = 0.

    Accuracy: weak order 2 (tests/proofs/test_moments.py).
    """

    kind: ClassVar[str] = "dpmpp-2m-sde"
    order: ClassVar[int] = 2

    def __call__(self, denoise: Denoise, x: State, levels: Sequence[Level], noise: Noise, /) -> Iterator[Step]:
        """Yield a Step for each consecutive pair of `levels`."""
        last: Prediction | None = None
        for i, (here, there) in enumerate(pairwise(levels)):
            p = denoise(x, here)
            h = there.lam - here.lam
            fresh = -math.expm1(-2.0 * h)
            ahead = p.x0_hat
            if last is not None and there.sigma > 0.0:
                ahead = ahead + h / (2.0 * (here.lam - last.level.lam)) * (p.x0_hat - last.x0_hat)
            x = there.sigma / here.sigma * math.exp(-h) * x + there.alpha * fresh * ahead
            if there.sigma > 0.0:
                x = x + there.sigma * math.sqrt(fresh) * noise(i, 0, x)
            last = p
            yield Step(i, here, there, p, x)
