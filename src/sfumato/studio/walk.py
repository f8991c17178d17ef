"""One jump against many steps: the noise of an honest walk, added up, is the noise of one jump."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64

from sfumato import rng
from sfumato.process.forward import jump, step
from sfumato.process.schedule import Schedule
from sfumato.types import Scalar


@dataclass(frozen=True, eq=False)
class Stop:
    """The walk at step i: where it stands, and where one jump with its noises added up lands."""

    i: int
    x_walk: Float32[np.ndarray, "3 h w"]
    x_jump: Float32[np.ndarray, "3 h w"]

    @property
    def difference(self) -> float:
        """max |walk - jump|."""
        return float(np.max(np.abs(self.x_walk.astype(np.float64) - self.x_jump.astype(np.float64))))


def walk(
    x_0: Float32[np.ndarray, "3 h w"], schedule: Schedule, *, seed: int, to: int, every: int = 50
) -> Iterator[Stop]:
    """Take `to` single steps x_i = sqrt(1 - beta_i) x_{i-1} + sqrt(beta_i) eps_i; stop at each `every` and at the end.

    Beside the walk runs the sum of its noises, n_i = sqrt(1 - beta_i) n_{i-1} + sqrt(beta_i) eps_i, so that one jump
    is x_i = alpha_i x_0 + n_i: exactly the walk, and n_i / sigma_i is one standard normal (Ho et al. 2020, eq. 4).
    eps_i is draw 0 of step i of the seed's sampler stream.

    Accuracy: the walk is float32 at every step and the sum float64, so that they differ by float32's rounding alone,
    below 1e-5 after a thousand steps (tests/studio/test_walk.py).
    """
    x, total = x_0, np.zeros(x_0.shape, np.float64)
    for i in range(1, to + 1):
        eps = rng.normal(seed, x_0.shape, stream=rng.SAMPLER, step=i)
        move = step(schedule, i)
        x, total = move(x, eps), _added(total, move.scale, move.variance, eps)
        if i % every == 0 or i == to:
            yield Stop(i, x, (jump(x_0, np.zeros(()), schedule.at(i)) + total).astype(np.float32))


def _added(
    total: Float64[np.ndarray, "3 h w"], scale: Scalar, variance: Scalar, eps: Float32[np.ndarray, "3 h w"]
) -> Float64[np.ndarray, "3 h w"]:
    return scale * total + variance**0.5 * eps.astype(np.float64)
