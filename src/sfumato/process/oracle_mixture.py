"""The Gaussian mixture oracle: an exact denoiser that is not linear, with a reference trajectory to match."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from sfumato.errors import ScheduleError
from sfumato.process.prediction import Prediction
from sfumato.process.schedule import Level
from sfumato.process.trajectory import integrate
from sfumato.types import Array, Scalar, State


@dataclass(frozen=True, eq=False)
class Mixture:
    """x_0 ~ sum_k weights_k N(means_k, diag(stds_k^2)). Levels may be floats or arrays [b, 1, ...].

    x0_hat and eps_hat are the components' own (see Gaussian), averaged with the components' posterior weights.
    """

    weights: Float[np.ndarray, " k"]
    means: Float[np.ndarray, " k *d"]
    stds: Float[np.ndarray, " k *d"]

    def __post_init__(self) -> None:
        """Refuse impossible weights and flat components."""
        if not (np.all(self.weights > 0.0) and abs(self.weights.sum() - 1.0) < 1e-12):
            raise ScheduleError(f"the weights of a mixture are {self.weights}; they must be positive and sum to 1")
        if not np.all(self.stds > 0.0):
            raise ScheduleError("a mixture needs positive standard deviations; use Empirical for points")

    def __call__(self, x: State, level: Level, /) -> Prediction:
        """The exact posterior means of x_0 and eps."""
        z, variance, alpha, sigma = self._components(x, level)
        belief = self._posterior(z, variance)
        means, stds = self._flat()
        x0_hat = np.einsum("bk,bkn->bn", belief, means + alpha * stds**2 * z / variance)
        eps_hat = np.einsum("bk,bkn->bn", belief, sigma * z / variance)
        return Prediction(x, level, x0_hat.reshape(x.shape), eps_hat.reshape(x.shape))

    def flow(self, x: State, here: Level, there: Level, /) -> State:
        """Accuracy: 1e-12 by panel doubling (tests/proofs/test_flow.py), quantiles on the line included."""
        return integrate(self, x, here, there)

    def log_density(self, x: State, level: Level, /) -> Float[Array, " b"]:
        """log sum_k weights_k N(x; alpha means_k, alpha^2 stds_k^2 + sigma^2)."""
        z, variance, _, _ = self._components(x, level)
        return np.logaddexp.reduce(self._log_joint(z, variance), axis=1)

    def score(self, x: State, level: Level, /) -> State:
        """The components' own scores, averaged with their posterior probabilities."""
        z, variance, _, _ = self._components(x, level)
        return -np.einsum("bk,bkn->bn", self._posterior(z, variance), z / variance).reshape(x.shape)

    def sample(self, u: Float[np.ndarray, " b"], eps: State) -> State:
        """x_0 of the component that u, uniform in [0, 1), falls on, for eps of N(0, I)."""
        k = np.minimum(np.searchsorted(np.cumsum(self.weights), u, side="right"), len(self.weights) - 1)
        return self.means[k] + self.stds[k] * eps

    def _flat(self) -> tuple[np.ndarray, np.ndarray]:
        return self.means.reshape(len(self.means), -1), self.stds.reshape(len(self.stds), -1)

    def _components(self, x: State, level: Level) -> tuple[np.ndarray, np.ndarray, Scalar, Scalar]:
        """Each point seen from each component: z and its variance, [b, k, n]; alpha and sigma to match."""
        means, stds = self._flat()
        alpha, sigma = (v if isinstance(v, float | int) else v.reshape(-1, 1, 1) for v in (level.alpha, level.sigma))
        z = x.reshape(len(x), 1, -1) - alpha * means
        return z, np.broadcast_to(alpha**2 * stds**2 + sigma**2, z.shape), alpha, sigma

    def _log_joint(self, z: np.ndarray, variance: np.ndarray) -> np.ndarray:
        return np.log(self.weights) - 0.5 * (z**2 / variance + np.log(2.0 * np.pi * variance)).sum(axis=2)

    def _posterior(self, z: np.ndarray, variance: np.ndarray) -> np.ndarray:
        log_joint = self._log_joint(z, variance)
        return np.exp(log_joint - np.logaddexp.reduce(log_joint, axis=1, keepdims=True))
