"""The Gaussian oracle: everything about it is a formula."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from sfumato.errors import ScheduleError
from sfumato.process.prediction import Prediction
from sfumato.process.schedule import Level
from sfumato.types import Array, Scalar, State


@dataclass(frozen=True, eq=False)
class Gaussian:
    """x_0 ~ N(mean, C), C = axes diag(std^2) axes^T; axes None means the coordinate axes.

    With S = alpha^2 C + sigma^2 I and z = x_t - alpha mean: x0_hat = mean + alpha C S^-1 z, eps_hat = sigma S^-1 z.
    Neither divides by alpha or sigma, so both ends of every schedule are regular. Levels may be floats or arrays
    [b, 1, ...].
    """

    mean: Float[np.ndarray, "*d"]
    std: Float[np.ndarray, "*d"]
    axes: Float[np.ndarray, "n n"] | None = None

    def __post_init__(self) -> None:
        """Refuse a flat direction, where the density is infinite."""
        if not np.all(self.std > 0.0):
            raise ScheduleError(
                "a Gaussian oracle needs a positive standard deviation along every axis; use Empirical for points"
            )

    @classmethod
    def from_covariance(cls, mean: Float[np.ndarray, " n"], covariance: Float[np.ndarray, "n n"]) -> "Gaussian":
        """From a full covariance matrix, by its eigenvectors."""
        variance, axes = np.linalg.eigh(covariance)
        return cls(mean, np.sqrt(np.maximum(variance, 0.0)), axes)

    def __call__(self, x: State, level: Level, /) -> Prediction:
        """The exact posterior means of x_0 and eps."""
        z, variance = self._centred(x, level)
        x0_hat = self.mean + self._from_axes(level.alpha * self.std**2 * z / variance)
        return Prediction(x, level, x0_hat, self._from_axes(level.sigma * z / variance))

    def flow(self, x: State, here: Level, there: Level, /) -> State:
        """z' = S'^(1/2) S^(-1/2) z: each principal axis keeps its quantile."""
        z, variance = self._centred(x, here)
        return there.alpha * self.mean + self._from_axes(z * np.sqrt(self._variance(there) / variance))

    def log_density(self, x: State, level: Level, /) -> Float[Array, " b"]:
        """-(z^T S^-1 z + log det 2 pi S) / 2."""
        z, variance = self._centred(x, level)
        terms = z**2 / variance + np.log(2.0 * np.pi * variance)
        return -0.5 * terms.reshape(len(x), -1).sum(axis=1)

    def score(self, x: State, level: Level, /) -> State:
        """-S^-1 z."""
        z, variance = self._centred(x, level)
        return -self._from_axes(z / variance)

    def sample(self, eps: State) -> State:
        """x_0 = mean + C^(1/2) eps, for eps of N(0, I)."""
        return self.mean + self._from_axes(self.std * eps)

    def _variance(self, level: Level) -> Scalar:
        return level.alpha**2 * self.std**2 + level.sigma**2

    def _centred(self, x: State, level: Level) -> tuple[State, Scalar]:
        """z along the principal axes, and its variance there."""
        z = x - level.alpha * self.mean
        if self.axes is not None:
            z = (z.reshape(len(z), -1) @ self.axes).reshape(z.shape)
        return z, self._variance(level)

    def _from_axes(self, z: State) -> State:
        return z if self.axes is None else (z.reshape(len(z), -1) @ self.axes.T).reshape(z.shape)
