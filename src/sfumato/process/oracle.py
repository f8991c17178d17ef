"""Oracles: distributions of x_0 whose denoiser E[x_0 | x_t] is known: a sampler can be proved without a network.

An oracle is called like any denoiser, and `flow` carries points along the exact probability-flow ODE between any two
levels. Everything is float64 numpy; Empirical takes torch tensors too.
"""

from typing import Protocol, runtime_checkable

from jaxtyping import Float

from sfumato.process.oracle_empirical import Empirical
from sfumato.process.oracle_gaussian import Gaussian
from sfumato.process.oracle_mixture import Mixture
from sfumato.process.prediction import Prediction
from sfumato.process.schedule import Level
from sfumato.types import Array, State

__all__ = ["Empirical", "Gaussian", "Mixture", "Oracle"]


@runtime_checkable
class Oracle(Protocol):
    """A distribution of x_0 that answers what a perfect network would."""

    def __call__(self, x: State, level: Level, /) -> Prediction:
        """x0_hat = E[x_0 | x_t = x], eps_hat = E[eps | x_t = x]."""
        ...

    def flow(self, x: State, here: Level, there: Level, /) -> State:
        """Where the probability-flow ODE carries `x` from `here` to `there`; either may be the noisier one."""
        ...

    def log_density(self, x: State, level: Level, /) -> Float[Array, " b"]:
        """log p(x_t = x) in nats."""
        ...

    def score(self, x: State, level: Level, /) -> State:
        """grad_x log p(x_t = x)."""
        ...
