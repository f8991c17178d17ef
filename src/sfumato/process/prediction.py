"""What a denoiser believes, in one currency: x0_hat and eps_hat that agree with x_t.

Whatever a network outputs (eps, x_0, v, a velocity, EDM's F), a Parameterisation reads it into a Prediction, and pairs
it with the target it is trained on, so that the two cannot disagree.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from sfumato.errors import LevelError
from sfumato.process.schedule import Level
from sfumato.types import Scalar, State


@dataclass(frozen=True, eq=False)
class Prediction:
    """A belief about x_t at one level. Invariant: x_t = alpha x0_hat + sigma eps_hat."""

    x_t: State
    level: Level
    x0_hat: State
    eps_hat: State
    terms: Mapping[str, "Prediction"] = field(default_factory=dict)

    @classmethod
    def from_x0(cls, x_t: State, level: Level, x0_hat: State) -> "Prediction":
        """eps_hat = (x_t - alpha x0_hat) / sigma. Raises LevelError at sigma = 0, where any eps agrees."""
        if isinstance(level.sigma, float) and level.sigma == 0.0:
            raise LevelError("from_x0 at sigma = 0: x_t says nothing about eps there; predict at a noisier level")
        return cls(x_t, level, x0_hat, (x_t - level.alpha * x0_hat) / level.sigma)

    @classmethod
    def from_eps(cls, x_t: State, level: Level, eps_hat: State) -> "Prediction":
        """x0_hat = (x_t - sigma eps_hat) / alpha. Raises LevelError at alpha = 0, where x_t holds no signal."""
        if isinstance(level.alpha, float) and level.alpha == 0.0:
            raise LevelError("from_eps at alpha = 0: x_t holds no signal there; use a v or x0 parameterisation")
        return cls(x_t, level, (x_t - level.sigma * eps_hat) / level.alpha, eps_hat)

    def beyond(self, other: "Prediction", w: Scalar) -> "Prediction":
        """other + w (self - other), in x0_hat and eps_hat alike: both are linear in a network's output."""
        x0_hat = other.x0_hat + w * (self.x0_hat - other.x0_hat)
        eps_hat = other.eps_hat + w * (self.eps_hat - other.eps_hat)
        return Prediction(self.x_t, self.level, x0_hat, eps_hat)

    @property
    def v_hat(self) -> State:
        """alpha eps_hat - sigma x0_hat (Salimans and Ho 2022)."""
        return self.level.alpha * self.eps_hat - self.level.sigma * self.x0_hat

    @property
    def score(self) -> State:
        """grad log p(x_t) = -eps_hat / sigma (Song et al. 2021)."""
        return -self.eps_hat / self.level.sigma

    def toward(self, there: Level) -> State:
        """alpha' x0_hat + sigma' eps_hat: the same belief carried to another level (a DDIM step)."""
        return there.alpha * self.x0_hat + there.sigma * self.eps_hat


@runtime_checkable
class Parameterisation(Protocol):
    """What the network is asked for, and how its answer is read."""

    def target(self, x_0: State, eps: State, level: Level, /) -> State:
        """What the network should output at x_t = alpha x_0 + sigma eps."""
        ...

    def read(self, output: State, x_t: State, level: Level, /) -> Prediction:
        """The belief that an output stands for."""
        ...

    def scale_in(self, level: Level, /) -> Scalar:
        """What x_t is multiplied by before the network sees it (EDM's c_in); 1 for the others."""
        ...

    def sensitivity(self, level: Level, /) -> Scalar:
        """How far the belief follows the output: a change of 1 moves x0_hat by sigma times this, eps_hat by alpha."""
        ...
