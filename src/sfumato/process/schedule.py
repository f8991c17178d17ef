"""How much signal and how much noise: x_t = alpha_t x_0 + sigma_t eps  [trail 3].

A Level is one point of a schedule; samplers and training see only Levels, so every schedule serves every sampler.
"""

import math
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from jaxtyping import Int

from sfumato.arrays import as_numpy, like, log
from sfumato.types import Array, Scalar, State


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """One noise level. Floats when sampling; arrays [b, 1, 1, 1] when training.

    t runs from 0 (clean) to 1 (noise); i is the integer step 1..T where the schedule has a table, else None.
    """

    t: Scalar
    alpha: Scalar
    sigma: Scalar
    i: int | Int[Any, "..."] | None = None

    @property
    def alpha_bar(self) -> Scalar:
        """alpha^2: DDPM's cumulative product where alpha^2 + sigma^2 = 1 (Ho et al. 2020)."""
        return self.alpha * self.alpha

    @property
    def lam(self) -> Scalar:
        """log(alpha / sigma), HALF the log signal-to-noise ratio (Lu et al. 2022); +inf at sigma = 0."""
        return log(self.alpha) - log(self.sigma)

    @property
    def sigma_edm(self) -> Scalar:
        """sigma / alpha: the noise level of Karras et al. 2022; inf at alpha = 0."""
        if isinstance(self.alpha, float) and self.alpha == 0.0:
            return math.inf
        return self.sigma / self.alpha

    def against(self, x: State, /) -> "Level":
        """A level of arrays [b] as arrays [b, 1, ...] of the kind, dtype and device of `x`, to broadcast against it."""
        shape = (-1,) + (1,) * (x.ndim - 1)
        t, alpha, sigma = (like(as_numpy(part), x).reshape(shape) for part in (self.t, self.alpha, self.sigma))
        return Level(t, alpha, sigma, self.i)


CLEAN = Level(0.0, 1.0, 0.0, 0)
"""The picture itself: no noise."""


@runtime_checkable
class Schedule(Protocol):
    """A noise schedule: signal-to-noise falls strictly with t in [0, 1]."""

    T: int

    def __call__(self, t: Scalar, /) -> Level:
        """The level at time t."""
        ...

    def at(self, i: int | Array, /) -> Level:
        """The level of the integer step i in 0..T (or of an array of them), t = i / T; 0 is CLEAN."""
        ...

    def t_of_lam(self, lam: Scalar, /) -> Scalar:
        """The time whose half log-SNR is `lam`."""
        ...
