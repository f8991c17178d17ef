"""x0_hat kept within bounds at every evaluation: static and dynamic thresholding (Saharia et al. 2022, section 2.3).

The data have a range, and what a network believes them to be need not keep to it: x0_hat = (x_t - sigma eps_hat) /
alpha magnifies the error of eps_hat by sigma / alpha, and guidance goes beyond all that was learnt. DDPM's own code
clips x0_hat in every step. eps_hat follows, so that x_t = alpha x0_hat + sigma eps_hat still holds, and every sampler
may be used; `terms` stay what guidance made its belief of. Pixels lie in [-1, 1]; latents are measured to have variance
1, so that a limit of theirs counts standard deviations.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from sfumato.arrays import clamp, quantile
from sfumato.choices import choose
from sfumato.conditioner import Conditioning
from sfumato.denoiser import Denoiser
from sfumato.errors import RecipeError
from sfumato.guidance import Guidance
from sfumato.process.prediction import Prediction
from sfumato.process.schedule import Level
from sfumato.types import Latent


class Threshold(Protocol):
    """What is done to x0_hat."""

    def __call__(self, x0_hat: Latent, /) -> Latent:
        """x0_hat within the bounds."""
        ...


@dataclass(frozen=True, kw_only=True)
class Static:
    """Values beyond +-limit become +-limit (limit > 0)."""

    limit: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what has no meaning."""
        _positive(self.limit)

    def __call__(self, x0_hat: Latent, /) -> Latent:
        """min(max(x0_hat, -limit), limit)."""
        return clamp(x0_hat, self.limit)


@dataclass(frozen=True, kw_only=True)
class Dynamic:
    """Where more than 1 - ratio of a sample's values lie beyond +-limit, it is clipped at that quantile and shrunk.

    s = max(limit, the `ratio` quantile of |x0_hat|), one a sample; x0_hat becomes min(max(x0_hat, -s), s) limit / s.
    """

    limit: float = 1.0
    ratio: float = 0.995

    def __post_init__(self) -> None:
        """Refuse what has no meaning."""
        _positive(self.limit)
        if not 0.0 < self.ratio <= 1.0:
            raise RecipeError(f"threshold ratio is {self.ratio}; it must lie in (0, 1] (1 clips nothing, and shrinks)")

    def __call__(self, x0_hat: Latent, /) -> Latent:
        """The sample within +-limit, its contrasts kept where they can be."""
        s = clamp(quantile(abs(x0_hat), self.ratio), low=self.limit)
        return clamp(x0_hat / s, 1.0) * self.limit


THRESHOLDS = {"static": Static, "dynamic": Dynamic}
"""The closed table of thresholds by the names that recipes use."""


@dataclass(frozen=True)
class Bounded:
    """A guidance whose belief keeps to a threshold. Raises LevelError at sigma = 0, as Prediction.from_x0 does."""

    guidance: Guidance
    threshold: Threshold

    def __call__(
        self, denoiser: Denoiser, x_t: Latent, level: Level, cond: Conditioning, null: Conditioning, /
    ) -> Prediction:
        """The guided belief, its x0_hat bounded and its eps_hat after it."""
        belief = self.guidance(denoiser, x_t, level, cond, null)
        bounded = Prediction.from_x0(x_t, level, self.threshold(belief.x0_hat))
        return replace(bounded, terms=belief.terms)


def bounded(guidance: Guidance, options: Mapping[str, Any]) -> Guidance:
    """A guidance within what a recipe's `threshold` names. Raises RecipeError."""
    return Bounded(guidance, choose(THRESHOLDS, options, "threshold"))


def _positive(limit: float) -> None:
    if not 0.0 < limit < float("inf"):
        raise RecipeError(f"threshold limit is {limit}; it must be a finite number above 0")
