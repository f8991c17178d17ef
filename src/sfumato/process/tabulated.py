"""Schedules from a table of betas: q(x_i|x_{i-1}) = N(sqrt(1 - beta_i) x_{i-1}, beta_i) (Ho et al. 2020, eq. 2).

alpha_bar_i = prod (1 - beta_k) for k = 1..i; alpha = sqrt(alpha_bar), sigma = sqrt(1 - alpha_bar). In between, log
alpha runs linearly in t, as DPM-Solver reads such tables (Lu et al. 2022, appendix D). DDPM's alpha is 1 - beta;
DDIM's is our alpha_bar.
"""

from abc import abstractmethod
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import numpy as np

from sfumato.errors import ScheduleError
from sfumato.process.curve import Curve, check_T


class Table(Curve):
    """A variance-preserving schedule whose integer steps come from its betas, exactly.

    Accuracy: log alpha is a float64 sum of log1p(-beta) and sigma^2 = -expm1(2 log alpha), so that sigma keeps all
    its digits where alpha_bar is close to 1.
    """

    @abstractmethod
    def beta_table(self) -> np.ndarray:
        """beta_1..beta_T, float64."""

    def check(self) -> None:
        """Refuse an impossible table."""
        check_T(self.T)
        betas = self.beta_table()
        if not np.all((betas > 0.0) & (betas < 1.0)):
            raise ScheduleError("betas must all be above 0 and below 1: each step adds noise and leaves signal")

    @cached_property
    def log_alpha(self) -> np.ndarray:
        """log alpha_i for i = 0..T; the first is 0."""
        return np.concatenate([[0.0], 0.5 * np.cumsum(np.log1p(-self.beta_table()))])

    def curve(self, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Straight lines in log alpha between the steps."""
        return _split(np.interp(t * self.T, np.arange(self.T + 1), self.log_alpha))

    def steps(self, i: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The table itself."""
        return _split(self.log_alpha[i])

    def time(self, lam: np.ndarray) -> np.ndarray:
        """From log alpha = -log(1 + e^{-2 lam}) / 2."""
        return np.interp(0.5 * np.logaddexp(0.0, -2.0 * lam), -self.log_alpha, np.arange(self.T + 1)) / self.T


def _split(log_alpha: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.exp(log_alpha), np.sqrt(np.abs(np.expm1(2.0 * log_alpha)))


@dataclass(frozen=True)
class Tabulated(Table):
    """Any table of betas, one a step."""

    kind: ClassVar[str] = "tabulated"
    betas: tuple[float, ...]
    T: int = field(init=False)

    def __post_init__(self) -> None:
        """Refuse impossible betas at once."""
        object.__setattr__(self, "T", len(self.betas))
        self.check()

    def beta_table(self) -> np.ndarray:
        """The betas as given."""
        return np.asarray(self.betas, dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class Linear(Table):
    """beta_i on a straight line from beta_1 to beta_T (Ho et al. 2020, section 4)."""

    kind: ClassVar[str] = "linear"
    T: int = 1000
    beta_1: float = 1e-4
    beta_T: float = 0.02

    def __post_init__(self) -> None:
        """Refuse impossible betas at once."""
        self.check()

    def beta_table(self) -> np.ndarray:
        """A straight line."""
        return np.linspace(self.beta_1, self.beta_T, self.T)


@dataclass(frozen=True, kw_only=True)
class ScaledLinear(Table):
    """sqrt(beta_i) on a straight line: the schedule of latent diffusion and Stable Diffusion (Rombach et al. 2022)."""

    kind: ClassVar[str] = "scaled-linear"
    T: int = 1000
    beta_1: float = 0.00085
    beta_T: float = 0.012

    def __post_init__(self) -> None:
        """Refuse impossible betas at once."""
        self.check()

    def beta_table(self) -> np.ndarray:
        """The square of a straight line."""
        if self.beta_1 < 0.0 or self.beta_T < 0.0:
            raise ScheduleError(f"betas from {self.beta_1} to {self.beta_T}: both must be positive")
        return np.linspace(self.beta_1**0.5, self.beta_T**0.5, self.T) ** 2


@dataclass(frozen=True, kw_only=True)
class Cosine(Table):
    """alpha_bar ~ cos^2((t + s) / (1 + s) pi/2), each beta clipped at max_beta (Nichol and Dhariwal 2021, eq. 17).

    The clip keeps the last step from destroying all signal, so alpha_bar_T is small and not 0.
    """

    kind: ClassVar[str] = "cosine"
    T: int = 1000
    s: float = 0.008
    max_beta: float = 0.999

    def __post_init__(self) -> None:
        """Refuse impossible constants at once."""
        if not 0.0 < self.max_beta < 1.0:
            raise ScheduleError(f"max_beta = {self.max_beta}: must lie above 0 and below 1 (0.999 in the paper)")
        if not self.s >= 0.0:
            raise ScheduleError(f"s = {self.s}: the cosine schedule's offset must be 0 or more (0.008 in the paper)")
        self.check()

    def beta_table(self) -> np.ndarray:
        """1 - f(i) / f(i-1), written as sin(b - a) sin(b + a) / cos^2 a: no digits are lost where beta is small."""
        angle = (np.arange(self.T + 1) / self.T + self.s) / (1.0 + self.s) * (np.pi / 2)
        step = np.pi / 2 / (self.T * (1.0 + self.s))
        betas = np.sin(step) * np.sin(angle[1:] + angle[:-1]) / np.cos(angle[:-1]) ** 2
        return np.minimum(betas, self.max_beta)
