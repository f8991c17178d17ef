"""The empirical oracle: the exact minimiser of the training loss on a finite set of points.

A network that reached it would have memorised its data; the distance to it measures how far it has.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from sfumato.arrays import as_numpy, is_torch, like, softmax
from sfumato.errors import LevelError
from sfumato.process.prediction import Prediction
from sfumato.process.schedule import Level
from sfumato.process.trajectory import integrate
from sfumato.types import Array, State


@dataclass(frozen=True, eq=False)
class Empirical:
    """x_0 uniform on `points`: x0_hat = sum_k w_k points_k, w = softmax_k(-|x_t - alpha points_k|^2 / (2 sigma^2)).

    numpy or torch, whatever `x` is; points of the other kind are converted at each call. LevelError at sigma = 0.
    """

    points: Float[Array, " k *d"]

    def __call__(self, x: State, level: Level, /) -> Prediction:
        """The exact posterior means. Raises LevelError at sigma = 0."""
        points = self._points(x)
        x0_hat = softmax(self._logits(x, level, points)) @ points
        return Prediction.from_x0(x, level, x0_hat.reshape(x.shape))

    def flow(self, x: State, here: Level, there: Level, /) -> State:
        """Accuracy: 1e-12 by panel doubling (tests/proofs/test_flow.py). numpy only; `here` may not be CLEAN."""
        return integrate(self, x, here, there)

    def log_density(self, x: State, level: Level, /) -> Float[Array, " b"]:
        """log mean_k N(x; alpha points_k, sigma^2). numpy only. Raises LevelError at sigma = 0."""
        logits = self._logits(x, level, self._points(x))
        sigma = level.sigma if isinstance(level.sigma, float | int) else level.sigma.reshape(-1)
        flat = x.reshape(len(x), -1)
        norm = 0.5 * (flat**2).sum(axis=1) / sigma**2 + flat.shape[1] * np.log(sigma * np.sqrt(2.0 * np.pi))
        return np.logaddexp.reduce(logits, axis=1) - norm - np.log(len(self.points))

    def score(self, x: State, level: Level, /) -> State:
        """-eps_hat / sigma. Raises LevelError at sigma = 0."""
        return self(x, level).score

    def _points(self, x: State) -> Array:
        points = self.points if is_torch(x) == is_torch(self.points) else like(as_numpy(self.points), x)
        return points.reshape(len(points), -1)

    def _logits(self, x: State, level: Level, points: Array) -> Array:
        """The exponents, less |x|^2 / (2 sigma^2), which all points share."""
        if isinstance(level.sigma, float) and level.sigma == 0.0:
            raise LevelError(
                "an empirical oracle at sigma = 0: its density is all spikes there; ask at a noisier level"
            )
        alpha, sigma = (v if isinstance(v, float | int) else v.reshape(-1, 1) for v in (level.alpha, level.sigma))
        cross = x.reshape(len(x), -1) @ points.T
        return (alpha * cross - 0.5 * alpha**2 * (points**2).sum(-1)) / sigma**2
