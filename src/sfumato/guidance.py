"""Classifier-free guidance: two beliefs, one direction (Ho and Salimans 2022).

eps_hat = eps_null + w (eps_cond - eps_null), computed as written: w = 0 is unconditional, w = 1 conditional, w > 1
past it. The paper's own w is this w - 1.
"""

from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np

from sfumato.arrays import concat, like, std
from sfumato.autoguidance import Auto
from sfumato.conditioner import Conditioning
from sfumato.denoiser import Denoiser
from sfumato.errors import RecipeError
from sfumato.process.prediction import Prediction
from sfumato.process.schedule import Level
from sfumato.types import Latent, Scalar


@runtime_checkable
class Guidance(Protocol):
    """How the beliefs with and without the prompt become one."""

    def __call__(
        self, denoiser: Denoiser, x_t: Latent, level: Level, cond: Conditioning, null: Conditioning, /
    ) -> Prediction:
        """The guided belief; `terms` holds what it was made of."""
        ...


@dataclass(frozen=True, kw_only=True)
class ClassifierFree:
    """Guidance of scale w inside an interval of t, with an optional rescale.

    interval: guide only where low <= t <= high; outside, the conditional belief alone (Kynkaanniemi et al. 2024), which
    also saves the second half of the batch. rescale in [0, 1]: how far the guided x0_hat is brought back to the
    standard deviation of the conditional one (Lin et al. 2024, eq. 15-16).
    """

    scale: float = 4.0
    interval: tuple[float, float] = (0.0, 1.0)
    rescale: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what has no meaning."""
        if not abs(self.scale) < float("inf"):
            raise RecipeError(
                f"guidance is {self.scale}; it must be a finite number (0 ignores the prompt, 1 follows it plainly)"
            )
        low, high = self.interval
        if not 0.0 <= low <= high <= 1.0:
            raise RecipeError(f"guidance interval is {self.interval}; it must be two times with 0 <= low <= high <= 1")
        if not 0.0 <= self.rescale <= 1.0:
            raise RecipeError(f"guidance rescale is {self.rescale}; it must lie in [0, 1]")

    def __call__(
        self, denoiser: Denoiser, x_t: Latent, level: Level, cond: Conditioning, null: Conditioning, /
    ) -> Prediction:
        """Both halves in one batch; one half where the other has no say (w = 1, or outside the interval)."""
        low, high = self.interval
        if self.scale == 1.0 or not low <= level.t <= high:
            belief = denoiser(x_t, level, cond)
            return replace(belief, terms={"cond": belief})
        if self.scale == 0.0:
            belief = denoiser(x_t, level, null)
            return replace(belief, terms={"null": belief})
        both = denoiser(concat([x_t, x_t]), level, cond + null)
        b = len(x_t)
        with_prompt = Prediction(x_t, level, both.x0_hat[:b], both.eps_hat[:b])
        without = Prediction(x_t, level, both.x0_hat[b:], both.eps_hat[b:])
        return replace(self.combine(with_prompt, without), terms={"cond": with_prompt, "null": without})

    def combine(self, cond: Prediction, null: Prediction, w: Scalar | None = None) -> Prediction:
        """null + w (cond - null), then the rescale; w is the scale, or [b, 1, ...] where each sample has its own."""
        guided = cond.beyond(null, self.scale if w is None else w)
        if self.rescale == 0.0:
            return guided
        factor = self.rescale * std(cond.x0_hat) / std(guided.x0_hat) + (1.0 - self.rescale)
        return Prediction.from_x0(cond.x_t, cond.level, factor * guided.x0_hat)


@dataclass(frozen=True, kw_only=True)
class Embedded:
    """Guidance that a network has learnt: w is told as a number, and one evaluation gives the guided belief.

    For models distilled with w in `range` (Luo et al. 2023, LCM, section 4.2); outside it they were never asked. The
    negative prompt has no say: it was "" in training.

    Raises:
        ShapeError: when called with a network that has no dial.
    """

    scale: float = 4.0
    range: tuple[float, float] = (1.0, 8.0)

    def __post_init__(self) -> None:
        """Refuse what has no meaning."""
        low, high = self.range
        if not abs(self.scale) < float("inf") or not low <= high:
            raise RecipeError(f"guidance is {self.scale} in {self.range}; expected a finite number and low <= high")

    def __call__(
        self, denoiser: Denoiser, x_t: Latent, level: Level, cond: Conditioning, null: Conditioning, /
    ) -> Prediction:
        """One evaluation, told w - 1."""
        dials = like(np.full((len(cond), 1), self.scale - 1.0), cond.tokens)
        belief = denoiser(x_t, level, replace(cond, dials=dials))
        return replace(belief, terms={"cond": belief})


GUIDANCES = {"classifier-free": ClassifierFree, "embedded": Embedded, "auto": Auto}
"""The closed table of guidances by the names that recipes use."""
