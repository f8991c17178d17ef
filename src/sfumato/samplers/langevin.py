"""Predictor-corrector: an ancestral step, then Langevin steps at the level reached (Song et al. 2021, algorithm 1)."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from sfumato.arrays import norm
from sfumato.errors import RecipeError
from sfumato.process.prediction import Prediction
from sfumato.process.schedule import Level
from sfumato.samplers.base import Denoise, Noise, Step
from sfumato.types import State


@dataclass(frozen=True, kw_only=True)
class Langevin:
    """Predict as DDPM does; then `corrections` times x = x + e g + sqrt(2 e) z, with g the score at the new level.

    e = 2 a (snr |z| / |g|)^2 (algorithms 4 and 5), where a = (alpha_t / alpha_s)^2 is the paper's alpha_i = 1 -
    beta_i (1 for VE) and the norms are each sample's own (the authors' code averages them over the batch; here a
    picture must not depend on its neighbours). No correction at sigma = 0. The beliefs that the corrections ask for
    are the Step's `extra`.

    Accuracy: weak order 1 when snr^2 falls as 1 / n (tests/proofs/test_moments.py). At a fixed snr the Langevin
    steps, which are not adjusted, leave the variance too large by about snr^2 of itself, however many steps are
    taken.

    Raises:
        RecipeError: snr is not a positive number, or corrections not a whole number from 0.
    """

    kind: ClassVar[str] = "langevin"
    order: ClassVar[int] = 1

    snr: float = 0.16
    corrections: int = 1

    def __post_init__(self) -> None:
        """Refuse what has no meaning."""
        if not 0.0 < self.snr < math.inf:
            raise RecipeError(f"langevin snr is {self.snr}; it must be a positive number (the paper uses 0.16)")
        if not isinstance(self.corrections, int) or self.corrections < 0:
            raise RecipeError(f"langevin corrections is {self.corrections}; it must be a whole number from 0")

    def __call__(self, denoise: Denoise, x: State, levels: Sequence[Level], noise: Noise, /) -> Iterator[Step]:
        """Yield a Step for each consecutive pair of `levels`."""
        for i, (here, there) in enumerate(pairwise(levels)):
            p = denoise(x, here)
            ratio = here.alpha * there.sigma / (there.alpha * here.sigma)
            x = there.alpha * p.x0_hat + there.sigma * ratio * p.eps_hat
            corrections: list[Prediction] = []
            if there.sigma > 0.0:
                x = x + there.sigma * math.sqrt(1.0 - ratio**2) * noise(i, 0, x)
                for draw in range(1, self.corrections + 1):
                    corrections.append(denoise(x, there))
                    x = self.correct(corrections[-1], here.alpha / there.alpha, noise(i, draw, x))
            yield Step(i, here, there, p, x, tuple(corrections))

    def correct(self, p: Prediction, carry: float, z: State) -> State:
        """One Langevin step at the level of `p`."""
        root = math.sqrt(2.0) * carry * self.snr * norm(z) / norm(p.score)
        return p.x_t + root**2 * p.score + math.sqrt(2.0) * root * z
