"""A schedule that the reader draws: four signal-to-noise ratios, and a smooth fall between them."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from jaxtyping import Float64

from sfumato.errors import ScheduleError
from sfumato.process.tabulated import Tabulated

LEAST_FALL = 0.5
"""Decibels from one point to the next, at least: the ratio must fall."""

ROUNDING = 1e-9
"""Decibels that the sum of a point and that fall may be off."""

LOWEST, HIGHEST = -80.0, 60.0


def monotone(points: Sequence[float], at: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    """A smooth curve through equally spaced points that rises or falls wherever they do, at positions 0..len - 1.

    Cubic Hermite pieces with Fritsch and Carlson's (1980) slopes: inside, the harmonic mean of the neighbouring
    differences, or 0 where they differ in sign; at the ends, the difference itself.
    """
    y = np.asarray(points, np.float64)
    d = np.diff(y)
    same = d[:-1] * d[1:] > 0.0
    inner = np.where(same, 2.0 * d[:-1] * d[1:] / np.where(same, d[:-1] + d[1:], 1.0), 0.0)
    slope = np.concatenate([d[:1], inner, d[-1:]])
    k = np.minimum(at.astype(np.int64), len(d) - 1)
    u = at - k
    rise = u * u * (3.0 - 2.0 * u)
    bend = slope[k] * u * (1.0 - u) ** 2 - slope[k + 1] * u * u * (1.0 - u)
    return y[k] + d[k] * rise + bend


def schedule_through(points: Sequence[float], T: int = 1000) -> Tabulated:
    """The schedule whose signal-to-noise ratio, in decibels, passes the points, equally spaced from i = 1 to i = T.

    With alpha_bar = 1 / (1 + 10^(-dB / 10)), beta_i = 1 - alpha_bar_i / alpha_bar_{i-1} and alpha_bar_0 = 1.

    Raises:
        ScheduleError: not four points between -80 and 60 dB, each at least 0.5 dB below the one before.
    """
    if len(points) != 4 or not all(LOWEST <= p <= HIGHEST for p in points):
        raise ScheduleError(f"points are {list(points)}; expected four, each in {LOWEST:g}..{HIGHEST:g} dB")
    if any(after > before - LEAST_FALL + ROUNDING for before, after in pairwise(points)):
        raise ScheduleError(f"points are {list(points)}; each must lie {LEAST_FALL:g} dB or more below the one before")
    decibels = monotone(points, np.arange(T) * (3.0 / (T - 1)))
    log_alpha_bar = -np.log1p(np.exp(decibels * (-math.log(10.0) / 10.0)))
    betas = -np.expm1(np.diff(log_alpha_bar, prepend=0.0))
    return Tabulated(betas=tuple(betas.tolist()))
