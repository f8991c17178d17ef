"""Time moved towards noise: the map that both a density of levels and a grid of them may use."""

from typing import TypeVar

import numpy as np

from sfumato.errors import ScheduleError

U = TypeVar("U", float, np.ndarray)


def shifted_time(u: U, shift: float) -> U:
    """t = s u / (1 + (s - 1) u) for u in [0, 1] (Esser et al. 2024, eq. 23): 0 and 1 stay, s = 1 moves nothing.

    Raises ScheduleError for a shift that is not positive.
    """
    if not 0.0 < shift < float("inf"):
        raise ScheduleError(f"shift = {shift}: it must be positive; 1 is no shift")
    return shift * u / (1.0 + (shift - 1.0) * u)
