"""Rectified flow: the straight line from data to noise (Liu et al. 2022; Lipman et al. 2022; time turned round)."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sfumato.process.curve import Curve, check_T


@dataclass(frozen=True, kw_only=True)
class Rectified(Curve):
    """x_t = (1 - t) x_0 + t eps: alpha = 1 - t, sigma = t. The papers put the data at t = 1; here it is at t = 0."""

    kind: ClassVar[str] = "rectified"
    T: int = 1000

    def __post_init__(self) -> None:
        """Refuse an impossible number of steps."""
        check_T(self.T)

    def curve(self, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """A straight line."""
        return 1.0 - t, t

    def time(self, lam: np.ndarray) -> np.ndarray:
        """t = 1 / (1 + e^lam)."""
        return np.exp(-np.logaddexp(0.0, lam))
