"""Ancestral sampling: walk the posterior q(x_s|x_t, x_0) with x0_hat for x_0 (Ho et al. 2020, equations 6 and 7)."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Literal

from sfumato.errors import RecipeError
from sfumato.process.schedule import Level
from sfumato.samplers.base import Denoise, Noise, Step
from sfumato.types import State


@dataclass(frozen=True, kw_only=True)
class DDPM:
    """x_s = (alpha_s added x0_hat + carry sigma_s^2 x_t) / sigma_t^2 + sqrt(variance) z.

    carry = alpha_t / alpha_s and added = sigma_t^2 - carry^2 sigma_s^2 are the signal kept and the noise added
    between s and t (DDPM's 1 - beta, under a root, and beta). variance is one of the two that the paper compares in
    section 3.2: "beta_tilde" = added sigma_s^2 / sigma_t^2, exact for a single picture, or "beta" = added, exact for
    N(0, I) data. The last step, to sigma = 0, adds no noise (the paper's algorithm 2).

    Accuracy: weak order 1 (tests/proofs/test_moments.py).

    Raises:
        RecipeError: `variance` is neither of the two.
    """

    kind: ClassVar[str] = "ddpm"
    order: ClassVar[int] = 1

    variance: Literal["beta_tilde", "beta"] = "beta_tilde"

    def __post_init__(self) -> None:
        """Refuse an unknown variance."""
        if self.variance not in ("beta_tilde", "beta"):
            raise RecipeError(f"ddpm variance is {self.variance!r}; it must be 'beta_tilde' or 'beta'")

    def __call__(self, denoise: Denoise, x: State, levels: Sequence[Level], noise: Noise, /) -> Iterator[Step]:
        """Yield a Step for each consecutive pair of `levels`."""
        for i, (here, there) in enumerate(pairwise(levels)):
            p = denoise(x, here)
            carry = here.alpha / there.alpha
            added = here.sigma**2 - carry**2 * there.sigma**2
            x = (there.alpha * added * p.x0_hat + carry * there.sigma**2 * x) / here.sigma**2
            if there.sigma > 0.0:
                kept = there.sigma**2 / here.sigma**2 if self.variance == "beta_tilde" else 1.0
                x = x + math.sqrt(added * kept) * noise(i, 0, x)
            yield Step(i, here, there, p, x)
