"""The sigmoid schedule: little time at either end (Jabri et al. 2022, algorithm 1; Chen 2023, section 2.2)."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sfumato.errors import ScheduleError
from sfumato.process.curve import Curve, check_T


@dataclass(frozen=True, kw_only=True)
class Sigmoid(Curve):
    """alpha_bar = (S(e) - S(u)) / (S(e) - S(a)), S the logistic curve, u = a + t (e - a), a = start/tau, e = end/tau.

    Differences of S are written with sinh and cosh, so neither alpha nor sigma cancels at its end. At t = 1 alpha is
    exactly 0 (the papers clip alpha_bar at 1e-9): read eps there and LevelError says so; v and x0 are at home.
    """

    kind: ClassVar[str] = "sigmoid"
    T: int = 1000
    start: float = -3.0
    end: float = 3.0
    tau: float = 1.0

    def __post_init__(self) -> None:
        """Refuse impossible constants."""
        check_T(self.T)
        if not (self.tau > 0.0 and -100.0 * self.tau <= self.start < self.end <= 100.0 * self.tau):
            raise ScheduleError(
                f"sigmoid from {self.start} to {self.end}, tau {self.tau}: needs tau > 0 and start < end within 100 tau"
            )

    def curve(self, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """S(y) - S(x) = sinh((y - x) / 2) / (2 cosh(x / 2) cosh(y / 2)), for both parts."""
        a, e = self.start / self.tau / 2, self.end / self.tau / 2
        whole = np.sinh(e - a) * np.cosh(a + t * (e - a))
        alpha_bar = np.sinh((1.0 - t) * (e - a)) * math.cosh(a) / whole
        noise = np.sinh(t * (e - a)) * math.cosh(e) / whole
        return np.sqrt(alpha_bar), np.sqrt(noise)

    def time(self, lam: np.ndarray) -> np.ndarray:
        """sigma^2 = 1 / (1 + e^{2 lam}) solved for tanh(t (e - a) / 2)."""
        a, e = self.start / self.tau / 2, self.end / self.tau / 2
        k = np.exp(-np.logaddexp(0.0, 2.0 * lam)) * math.sinh(e - a) / math.cosh(e)
        return np.arctanh(k * math.cosh(a) / (1.0 - k * math.sinh(a))) / (e - a)
