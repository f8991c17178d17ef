"""Denoising diffusion implicit models: the loop that everything else refines (Song, Meng and Ermon 2021) [trail 5]."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from sfumato.errors import RecipeError
from sfumato.process.schedule import Level
from sfumato.samplers.base import Denoise, Noise, Step
from sfumato.types import State


@dataclass(frozen=True, kw_only=True)
class DDIM:
    """x_s = alpha_s x0_hat + sqrt(sigma_s^2 - churn^2) eps_hat + churn z (equation 12; DDIM's alpha is our alpha_bar).

    Equation 16: churn = eta sigma_s sqrt(1 - (alpha_t sigma_s / (alpha_s sigma_t))^2). eta = 0 follows the
    probability flow without any noise; eta = 1 is DDPM with its smaller variance; in between, between.

    Accuracy: order 1 at eta = 0 (tests/proofs/test_order.py), weak order 1 otherwise (tests/proofs/test_moments.py).

    Raises:
        RecipeError: eta outside [0, 1].
    """

    kind: ClassVar[str] = "ddim"
    order: ClassVar[int] = 1

    eta: float = 0.0

    def __post_init__(self) -> None:
        """Refuse an eta that would ask for more noise than there is."""
        if not 0.0 <= self.eta <= 1.0:
            raise RecipeError(f"ddim eta is {self.eta}; it must lie in [0, 1] (0 adds no noise, 1 is ancestral)")

    def __call__(self, denoise: Denoise, x: State, levels: Sequence[Level], noise: Noise, /) -> Iterator[Step]:
        """Yield a Step for each consecutive pair of `levels`."""
        for i, (here, there) in enumerate(pairwise(levels)):
            p = denoise(x, here)
            ratio = here.alpha * there.sigma / (there.alpha * here.sigma)
            churn = self.eta * there.sigma * math.sqrt(1.0 - ratio**2)
            x = there.alpha * p.x0_hat + math.sqrt(there.sigma**2 - churn**2) * p.eps_hat
            if churn > 0.0:
                x = x + churn * noise(i, 0, x)
            yield Step(i, here, there, p, x)
