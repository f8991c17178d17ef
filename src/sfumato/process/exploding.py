"""Variance-exploding schedules: alpha = 1, and sigma grows from sigma_min at step 1 to sigma_max at step T.

Both papers leave the clean end open; here sigma falls in a straight line from sigma_min to 0 over the first step,
t < 1/T, so that t = 0 is clean as everywhere else.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sfumato.errors import ScheduleError
from sfumato.process.curve import Curve, check_T


class Exploding(Curve):
    """sigma(t) from a ramp u = (t T - 1) / (T - 1) in [0, 1]."""

    sigma_min: float
    sigma_max: float

    @abstractmethod
    def sigma_of(self, u: np.ndarray) -> np.ndarray:
        """sigma at ramp u."""

    @abstractmethod
    def ramp_of(self, sigma: np.ndarray) -> np.ndarray:
        """The ramp u of each sigma >= sigma_min."""

    def check(self) -> None:
        """Refuse impossible constants."""
        check_T(self.T)
        if not 0.0 < self.sigma_min < self.sigma_max < float("inf"):
            raise ScheduleError(f"sigma from {self.sigma_min} to {self.sigma_max}: needs 0 < sigma_min < sigma_max")

    def curve(self, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """alpha = 1; sigma on the ramp, or on the line to 0 below its foot."""
        i = t * self.T
        sigma = np.where(i < 1.0, self.sigma_min * i, self.sigma_of(np.maximum(i - 1.0, 0.0) / (self.T - 1)))
        return np.ones_like(sigma), sigma

    def time(self, lam: np.ndarray) -> np.ndarray:
        """sigma = e^{-lam}, undone."""
        sigma = np.exp(-lam)
        u = self.ramp_of(np.maximum(sigma, self.sigma_min))
        return np.where(sigma < self.sigma_min, sigma / self.sigma_min, 1.0 + u * (self.T - 1)) / self.T


@dataclass(frozen=True, kw_only=True)
class EDM(Exploding):
    """sigma^{1/rho} on a straight line (Karras et al. 2022, eq. 5, time turned round)."""

    kind: ClassVar[str] = "edm"
    T: int = 1000
    sigma_min: float = 0.002
    sigma_max: float = 80.0
    rho: float = 7.0

    def __post_init__(self) -> None:
        """Refuse impossible constants."""
        self.check()
        if not self.rho > 0.0:
            raise ScheduleError(f"rho = {self.rho}: must be positive (7 in the paper)")

    def sigma_of(self, u: np.ndarray) -> np.ndarray:
        """(sigma_min^{1/rho} + u (sigma_max^{1/rho} - sigma_min^{1/rho}))^rho."""
        low, high = self.sigma_min ** (1 / self.rho), self.sigma_max ** (1 / self.rho)
        return (low + u * (high - low)) ** self.rho

    def ramp_of(self, sigma: np.ndarray) -> np.ndarray:
        """The same line, undone."""
        low, high = self.sigma_min ** (1 / self.rho), self.sigma_max ** (1 / self.rho)
        return (sigma ** (1 / self.rho) - low) / (high - low)


@dataclass(frozen=True, kw_only=True)
class VE(Exploding):
    """sigma in geometric progression (Song et al. 2021, appendix C)."""

    kind: ClassVar[str] = "ve"
    T: int = 1000
    sigma_min: float = 0.01
    sigma_max: float = 50.0

    def __post_init__(self) -> None:
        """Refuse impossible constants."""
        self.check()

    def sigma_of(self, u: np.ndarray) -> np.ndarray:
        """sigma_min (sigma_max / sigma_min)^u."""
        return self.sigma_min * (self.sigma_max / self.sigma_min) ** u

    def ramp_of(self, sigma: np.ndarray) -> np.ndarray:
        """log(sigma / sigma_min) / log(sigma_max / sigma_min)."""
        return np.log(sigma / self.sigma_min) / np.log(self.sigma_max / self.sigma_min)
