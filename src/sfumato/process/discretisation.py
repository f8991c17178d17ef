"""Which neighbouring levels a consistency function is compared at: how many there are, and which pair is drawn.

A trajectory is cut into n intervals by any grid of the house (process/grid.py): "karras" is the paper's own, from EDM.
More intervals mean less bias and more variance, so training from data begins with few of them.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from sfumato.errors import ScheduleError
from sfumato.process.density import Density
from sfumato.process.grid import GRIDS
from sfumato.process.schedule import Level, Schedule


@dataclass(frozen=True, kw_only=True)
class Growth:
    """From `first` to `last` intervals over a run; equal numbers stay as they are."""

    first: int
    last: int

    def __post_init__(self) -> None:
        """Refuse numbers that do not grow."""
        if not 1 <= self.first <= self.last:
            raise ScheduleError(f"intervals grow from {self.first} to {self.last}; expected 1 <= first <= last")

    def rising(self, share: float) -> int:
        """ceil(sqrt(p ((s1 + 1)^2 - s0^2) + s0^2) - 1) after the share p of a run (Song et al. 2023, appendix C).

        The paper's N counts levels, one more than this; at least `first` and at most `last`.
        """
        square = share * ((self.last + 1) ** 2 - self.first**2) + self.first**2
        return min(max(math.ceil(math.sqrt(square) - 1.0), self.first), self.last)

    def doubling(self, share: float) -> int:
        """min(s0 2^k, s1), k rising by one in equal parts of the run (Song and Dhariwal 2024, section 3.4)."""
        return min(self.first * 2 ** math.floor(share * (math.log2(self.last // self.first) + 1.0)), self.last)


def target_decay(growth: Growth, intervals: int, start: float = 0.9) -> float:
    """mu = exp(s0 log mu0 / N): the EMA target follows more slowly as the levels become many (Song et al. 2023)."""
    return math.exp(growth.first * math.log(start) / (intervals + 1))


def cut(schedule: Schedule, grid: str, n: int, t_min: float = 0.0) -> tuple[Level, ...]:
    """n + 1 levels falling in noise, the last one the boundary: CLEAN, or that of t_min > 0.

    Where t_min is the grid's own cleanest level ("karras" ends at step 1) the n intervals lie above it, as in the
    paper; elsewhere it takes CLEAN's place. Raises ScheduleError where n levels do not fit, or t_min lies above them.
    """
    levels = GRIDS[grid](schedule, n)
    if t_min == 0.0:
        return levels
    if t_min == (whole := GRIDS[grid](schedule, n + 1))[-2].t:
        return whole[:-1]
    if not 0.0 < t_min < levels[-2].t:
        raise ScheduleError(
            f"t_min = {t_min}: the boundary must lie in (0, {levels[-2].t}), below the other levels of {grid!r}"
        )
    return (*levels[:-1], schedule(t_min))


def evenly(u: Float[np.ndarray, " b"], n: int) -> Int[np.ndarray, " b"]:
    """Interval k of n for each number in (0, 1): all equally often; 0 is the noisiest."""
    return np.minimum((u * n).astype(np.int64), n - 1)


def by_density(
    u: Float[np.ndarray, " b"], levels: tuple[Level, ...], density: Density, schedule: Schedule
) -> Int[np.ndarray, " b"]:
    """The interval that each drawn level falls into: each as often as the density has mass there.

    With LogNormal that is iCT's erf((log s_{i+1} - m) / (sqrt 2 d)) - erf((log s_i - m) / (sqrt 2 d)) (Song and
    Dhariwal 2024, section 3.5), what lies beyond the levels being given to the intervals at the ends.
    """
    times = np.asarray([level.t for level in levels])
    drawn = np.asarray(density(u, schedule).t)
    return np.clip(np.searchsorted(-times, -drawn, side="right") - 1, 0, len(levels) - 2)


def nearest(t: Float[np.ndarray, " b"], levels: tuple[Level, ...]) -> Int[np.ndarray, " b"]:
    """The interval whose noisier level lies nearest to each time."""
    times = np.asarray([level.t for level in levels[:-1]])
    return np.abs(np.asarray(t)[:, None] - times).argmin(axis=1)


def gathered(levels: tuple[Level, ...], k: Int[np.ndarray, " b"]) -> Level:
    """levels[k] as one level of arrays [b]."""
    parts = np.asarray([(level.t, level.alpha, level.sigma) for level in levels])[k]
    return Level(parts[:, 0], parts[:, 1], parts[:, 2])
