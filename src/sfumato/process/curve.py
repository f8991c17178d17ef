"""A schedule drawn as one curve, t -> (alpha, sigma), with its inverse: what every concrete schedule shares."""

from abc import ABC, abstractmethod

import numpy as np

from sfumato.arrays import as_numpy, is_torch, like
from sfumato.errors import ScheduleError
from sfumato.process.schedule import CLEAN, Level
from sfumato.types import Array, Scalar

SLACK = 1e-9
"""How far past its last level a lam may lie before it is refused: the rounding of a lam computed elsewhere."""


class Curve(ABC):
    """The Schedule protocol from two formulas. All arithmetic is float64; a torch `t` is answered in its own kind.

    Accuracy: t_of_lam(schedule(t).lam) = t to 1e-12 (tests/proofs/test_schedules.py).
    """

    T: int

    @abstractmethod
    def curve(self, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """alpha and sigma at each time in [0, 1]."""

    @abstractmethod
    def time(self, lam: np.ndarray) -> np.ndarray:
        """The time of each finite half log-SNR in range."""

    def __call__(self, t: Scalar, /) -> Level:
        """The level at time t in [0, 1]. Raises ScheduleError outside."""
        times = np.asarray(as_numpy(t), dtype=np.float64)
        if not np.all((times >= 0.0) & (times <= 1.0)):
            raise ScheduleError(f"t = {t}: time runs from 0 (clean) to 1 (noise); give a t inside")
        alpha, sigma = self.curve(np.atleast_1d(times))
        if is_torch(t):
            return Level(t, like(alpha.reshape(times.shape), t), like(sigma.reshape(times.shape), t))
        if times.ndim == 0:
            return Level(float(times), float(alpha[0]), float(sigma[0]))
        return Level(times, alpha, sigma)

    def at(self, i: int | Array, /) -> Level:
        """The level of integer step i, or of each in an array (t = i / T). Raises ScheduleError outside 0..T."""
        steps = np.asarray(i)
        if steps.dtype.kind not in "iu" or not np.all((steps >= 0) & (steps <= self.T)):
            raise ScheduleError(f"step i = {i}: this schedule has the integer steps 0 (clean) to {self.T} (noise)")
        if steps.ndim == 0 and steps == 0:
            return CLEAN
        alpha, sigma = self.steps(np.atleast_1d(steps))
        if steps.ndim == 0:
            return Level(int(steps) / self.T, float(alpha[0]), float(sigma[0]), int(steps))
        return Level(steps / self.T, alpha, sigma, steps)

    def steps(self, i: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """alpha and sigma at integer steps; a schedule with a table answers from it."""
        return self.curve(i / self.T)

    def t_of_lam(self, lam: Scalar, /) -> Scalar:
        """The time whose half log-SNR is `lam`; +inf is t = 0. Raises ScheduleError below the last level's."""
        lams = np.asarray(lam, dtype=np.float64)
        lowest = float(self(1.0).lam)
        if not np.all(lams >= lowest - SLACK * max(1.0, abs(lowest)) if lowest > -np.inf else lams >= -np.inf):
            raise ScheduleError(f"lam = {lam}: the noisiest level of this schedule has {lowest}; ask for no less")
        with np.errstate(over="ignore"):
            t = np.clip(self.time(np.atleast_1d(lams)), 0.0, 1.0)
        t[np.atleast_1d(lams) == -np.inf] = 1.0
        return t if lams.ndim else float(t[0])


def check_T(T: int) -> None:
    """Refuse a number of steps that is not a positive integer."""
    if isinstance(T, bool) or not isinstance(T, int) or T < 2:
        raise ScheduleError(f"T = {T}: the number of steps must be an integer of at least 2 (1000 is usual)")
