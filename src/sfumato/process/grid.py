"""Which levels to visit: n + 1 of them, falling in noise, the last one CLEAN.

The first four grids stand on the integer steps of the schedule (Lin et al. 2024, table 2, names three of them), so
that a network trained on those steps is asked at no other; the rest stand where they like.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise

import numpy as np

from sfumato.errors import ScheduleError
from sfumato.process.schedule import CLEAN, Level, Schedule
from sfumato.process.shift import shifted_time

Grid = Callable[[Schedule, int], tuple[Level, ...]]
"""n + 1 levels from noise to CLEAN."""


def leading(schedule: Schedule, n: int, *, offset: int = 0) -> tuple[Level, ...]:
    """i = 1 + offset + k floor(T / n), k = n-1..0: DDPM's and DDIM's habit, which never visits step T.

    Stable Diffusion has offset 1.
    """
    _check(schedule, n)
    stride = schedule.T // n
    return _steps(schedule, (1 + offset + k * stride for k in reversed(range(n))))


def trailing(schedule: Schedule, n: int) -> tuple[Level, ...]:
    """i = round(T - k T / n), k = 0..n-1: starts at step T, as sampling from pure noise should (Lin et al. 2024)."""
    _check(schedule, n)
    return _steps(schedule, (round(schedule.T - k * (schedule.T / n)) for k in range(n)))


def linspace(schedule: Schedule, n: int) -> tuple[Level, ...]:
    """n steps evenly from T to 1, both included (Nichol and Dhariwal 2021); T alone for n = 1."""
    _check(schedule, n)
    steps = 1 + np.round(np.linspace(0, schedule.T - 1, n))[::-1] if n > 1 else [schedule.T]
    return _steps(schedule, (int(i) for i in steps))


def quadratic(schedule: Schedule, n: int) -> tuple[Level, ...]:
    """i = max(round(T (k / n)^2), k), k = n..1: denser near the data (Song, Meng and Ermon 2021, appendix D.2).

    The paper's own sequence stops at 0.8 T; this one begins at T. The max keeps neighbours apart.
    """
    _check(schedule, n)
    return _steps(schedule, (max(round(schedule.T * (k / n) ** 2), k) for k in range(n, 0, -1)))


def uniform(schedule: Schedule, n: int) -> tuple[Level, ...]:
    """t = k / n, k = n..0, unrounded: the natural grid of rectified flow."""
    _check(schedule, n)
    return _falling([schedule(k / n) for k in range(n, 0, -1)])


def shifted(schedule: Schedule, n: int, *, shift: float = 3.0) -> tuple[Level, ...]:
    """t = s u / (1 + (s - 1) u), u = k / n, k = n..0: `uniform` moved towards noise (Esser et al. 2024, eq. 23).

    More of the steps fall where the picture's layout and colours are decided; s = 1 is `uniform`.
    """
    _check(schedule, n)
    return _falling([schedule(shifted_time(k / n, shift)) for k in range(n, 0, -1)])


def karras(schedule: Schedule, n: int, *, rho: float = 7.0) -> tuple[Level, ...]:
    """sigma_edm^(1/rho) evenly in n levels, noisiest finite one to step 1, then CLEAN (Karras et al. 2022, eq. 5)."""
    _check(schedule, n)
    if not rho > 0.0:
        raise ScheduleError(f"rho = {rho}: must be positive (7 in the paper)")
    noisy, quiet = _ends(schedule)
    high, low = noisy.sigma_edm ** (1.0 / rho), quiet.sigma_edm ** (1.0 / rho)
    ramp = np.linspace(0.0, 1.0, n)[1:]
    return _between(schedule, noisy, quiet, n, -rho * np.log(high + ramp * (low - high)))


def uniform_lambda(schedule: Schedule, n: int) -> tuple[Level, ...]:
    """lam evenly in n levels, noisiest finite one to step 1, then CLEAN (Lu et al. 2022, section 3.3)."""
    _check(schedule, n)
    noisy, quiet = _ends(schedule)
    return _between(schedule, noisy, quiet, n, np.linspace(float(noisy.lam), float(quiet.lam), n)[1:])


GRIDS: Mapping[str, Grid] = {
    "leading": leading,
    "trailing": trailing,
    "linspace": linspace,
    "quadratic": quadratic,
    "uniform": uniform,
    "shifted": shifted,
    "karras": karras,
    "uniform-lambda": uniform_lambda,
}
"""The grids by name."""


def _check(schedule: Schedule, n: int) -> None:
    if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= schedule.T:
        raise ScheduleError(f"{n} steps: this schedule takes any whole number from 1 to {schedule.T}")


def _ends(schedule: Schedule) -> tuple[Level, Level]:
    """The noisiest level with a finite lam (step T, or T - 1 where step T holds no signal) and step 1."""
    noisy = schedule.at(schedule.T)
    return (noisy if math.isfinite(noisy.lam) else schedule.at(schedule.T - 1)), schedule.at(1)


def _between(schedule: Schedule, noisy: Level, quiet: Level, n: int, lams: np.ndarray) -> tuple[Level, ...]:
    """`noisy`, the levels at all but the last of `lams`, then `quiet`: the ends stay exact."""
    inner = [schedule(schedule.t_of_lam(float(lam))) for lam in lams[:-1]]
    return _falling([noisy, *inner, quiet] if n > 1 else [noisy])


def _steps(schedule: Schedule, steps: Iterable[int]) -> tuple[Level, ...]:
    return _falling([schedule.at(i) for i in steps])


def _falling(levels: list[Level]) -> tuple[Level, ...]:
    """`levels` and CLEAN. Raises ScheduleError unless each has less noise than the one before."""
    whole = (*levels, CLEAN)
    if not all(here.t > there.t for here, there in pairwise(whole)):
        raise ScheduleError(f"{len(levels)} steps crowd this schedule: two fall on one level; ask for fewer")
    return whole
