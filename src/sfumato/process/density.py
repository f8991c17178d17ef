"""Which levels training visits, and how often: each density as the map that turns uniform numbers into its levels.

The randomness stays outside: u comes from rng.py, may be stratified, and the same u gives the same levels.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from sfumato.errors import ScheduleError
from sfumato.process.registry import Registry
from sfumato.process.schedule import Level, Schedule
from sfumato.process.shift import shifted_time

Uniforms = Float[np.ndarray, " b"]
"""Numbers in (0, 1)."""


@runtime_checkable
class Density(Protocol):
    """A distribution over the levels of a schedule, given by its inverse distribution function."""

    def __call__(self, u: Uniforms, schedule: Schedule, /) -> Level:
        """One level of arrays [b]; noise grows with u. Raises ScheduleError for u outside (0, 1)."""
        ...


@dataclass(frozen=True)
class Uniform:
    """t uniform in (0, 1), or moved towards noise by a shift s > 1: t = s u / (1 + (s - 1) u).

    The map is that of Esser et al. 2024, eq. 23. The density is s at t = 1 and 1/s at t = 0: unlike the logit-normal
    one it visits the levels near pure noise, where sampling begins and the text alone says what the picture will be.
    """

    kind: ClassVar[str] = "uniform"
    shift: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a shift that is none."""
        shifted_time(0.5, self.shift)

    def __call__(self, u: Uniforms, schedule: Schedule, /) -> Level:
        """t = s u / (1 + (s - 1) u); u itself where s = 1."""
        return schedule(shifted_time(_inside(u), self.shift))


@dataclass(frozen=True)
class DiscreteUniform:
    """i uniform in 1..T, as DDPM trains (Ho et al. 2020, algorithm 1)."""

    kind: ClassVar[str] = "discrete-uniform"

    def __call__(self, u: Uniforms, schedule: Schedule, /) -> Level:
        """i = 1 + floor(u T)."""
        return schedule.at(1 + np.minimum(_inside(u) * schedule.T, schedule.T - 1).astype(np.int64))


@dataclass(frozen=True)
class LogitNormal:
    """logit t ~ N(mean, std^2): most often in the middle of the way (Esser et al. 2024, section 3.1)."""

    kind: ClassVar[str] = "logit-normal"
    mean: float = 0.0
    std: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a spread that is none."""
        _check_spread(self.std)

    def __call__(self, u: Uniforms, schedule: Schedule, /) -> Level:
        """t = 1 / (1 + e^-z), z the normal quantile of u."""
        return schedule(np.exp(-np.logaddexp(0.0, -(self.mean + self.std * _quantile(u)))))


@dataclass(frozen=True)
class LogNormal:
    """log sigma_edm ~ N(mean, std^2): P_mean, P_std (Karras et al. 2022, table 1), inside the schedule's range."""

    kind: ClassVar[str] = "log-normal"
    mean: float = -1.2
    std: float = 1.2

    def __post_init__(self) -> None:
        """Refuse a spread that is none."""
        _check_spread(self.std)

    def __call__(self, u: Uniforms, schedule: Schedule, /) -> Level:
        """lam = -(mean + std z), z the normal quantile of u."""
        lams = np.maximum(-(self.mean + self.std * _quantile(u)), schedule.at(schedule.T).lam)
        return schedule(schedule.t_of_lam(lams))


DENSITIES = Registry("level density", {cls.kind: cls for cls in (Uniform, DiscreteUniform, LogitNormal, LogNormal)})


def density_from(options: Mapping[str, Any]) -> Density:
    """The density that `options` describe: {"kind": "logit-normal"}. Raises ScheduleError, naming the near ones."""
    return DENSITIES.build(options)


def density_to(density: Density) -> dict[str, Any]:
    """The options of a density, ready for JSON."""
    return DENSITIES.describe(density)


def _inside(u: Uniforms) -> Uniforms:
    if not np.all((u > 0.0) & (u < 1.0)):
        raise ScheduleError("levels are drawn from numbers above 0 and below 1; some are not")
    return np.asarray(u, dtype=np.float64)


def _quantile(u: Uniforms) -> Uniforms:
    """The standard normal quantile of each number."""
    normal = NormalDist()
    return np.asarray([normal.inv_cdf(value) for value in _inside(u).tolist()])


def _check_spread(std: float) -> None:
    if not 0.0 < std < float("inf"):
        raise ScheduleError(f"std = {std}: the spread of a level density must be positive")
