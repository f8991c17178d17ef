"""The variational bound, term by term: how many nats or bits each step of the process costs.

-log p(x_0) <= L_T + sum_t L_{t-1} + L_0 (Sohl-Dickstein et al. 2015; Ho et al. 2020, eq. 5): the prior term, one
divergence a step, and the last step from the faintest noise to the data. For the exact denoiser the gap closes as
steps are added (tests/proofs/test_bound.py).
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from sfumato.arrays import as_numpy, log
from sfumato.errors import LevelError
from sfumato.process.forward import posterior
from sfumato.process.schedule import Level
from sfumato.types import Array, Scalar, State


@dataclass(frozen=True, eq=False)
class Information:
    """An amount of information for each sample of a batch, with the number of dimensions it is spread over."""

    nats: Float[Array, " b"]
    dims: int

    @property
    def bits(self) -> Float[Array, " b"]:
        """nats / log 2."""
        return self.nats / math.log(2.0)

    @property
    def nats_per_dim(self) -> Float[Array, " b"]:
        """Nats for each number of the sample."""
        return self.nats / self.dims

    @property
    def bits_per_dim(self) -> Float[Array, " b"]:
        """Bits for each number of the sample: the unit of published likelihoods."""
        return self.bits / self.dims


def kl_normal(gap: State, variance_q: Scalar, variance_p: Scalar) -> Information:
    """KL(N(m, variance_q I) || N(m + gap, variance_p I)) = sum (gap^2 / vp + vq / vp - 1 - log(vq / vp)) / 2."""
    ratio = variance_q / variance_p
    return _total(0.5 * (gap**2 / variance_p + (ratio - 1.0 - log(ratio))))


def step_kl(x_0: State, x0_hat: State, s: Level, t: Level, *, variance: Scalar | None = None) -> Information:
    """L_{t-1} = KL(q(x_s | x_t, x_0) || N(posterior mean at x0_hat, variance)) (Ho et al. 2020, eq. 8).

    With the exact variance (None) it is (SNR_s - SNR_t) |x_0 - x0_hat|^2 / 2 (Kingma et al. 2021, eq. 14);
    posterior(s, t).upper is the other usual choice. Raises LevelError at s clean, where the posterior is a point: that
    step is `reconstruction`.
    """
    if isinstance(s.sigma, float) and s.sigma == 0.0:
        raise LevelError("step_kl down to sigma = 0: the posterior is a point there; the last step is `reconstruction`")
    back = posterior(s, t)
    return kl_normal(back.c_0 * (x_0 - x0_hat), back.variance, back.variance if variance is None else variance)


def prior_kl(x_0: State, level: Level, *, prior_std: float = 1.0) -> Information:
    """L_T = KL(q(x_T | x_0) || N(0, prior_std^2 I)); a variance-exploding schedule has prior_std = sigma_T."""
    return kl_normal(level.alpha * x_0, level.sigma**2, prior_std**2)


def density_reconstruction(x_0: State, x0_hat: State, t: Level) -> Information:
    """L_0 = -log N(x_0; x0_hat, (sigma / alpha)^2) for data that are real numbers, t the faintest level above clean."""
    variance = (t.sigma / t.alpha) ** 2
    return _total(0.5 * ((x_0 - x0_hat) ** 2 / variance + log(2.0 * math.pi * variance)))


def reconstruction(x_0: State, x0_hat: State, t: Level, *, levels: int = 256) -> Information:
    """L_0 = -log p(x_0 | x_t) for data on `levels` values in [-1, 1]: the mass of a bin (Ho et al. 2020, eq. 13).

    The normal is N(x0_hat, (sigma / alpha)^2), the outermost bins reach to infinity, and no bin is taken to hold less
    than 1e-300. Answers in numpy float64.
    """
    data, guess = as_numpy(x_0).astype(np.float64), as_numpy(x0_hat).astype(np.float64)
    spread, half = as_numpy(t.sigma_edm), 1.0 / (levels - 1)
    low = np.where(data < -1.0 + half, -np.inf, (data - half - guess) / spread)
    high = np.where(data > 1.0 - half, np.inf, (data + half - guess) / spread)
    flip = low > 0.0  # both ends in the upper tail: measure in the lower one, where small masses keep their digits
    low, high = np.where(flip, -high, low), np.where(flip, -low, high)
    return _total(-np.log(np.maximum(_normal_cdf(high) - _normal_cdf(low), 1e-300)))


def _normal_cdf(z: np.ndarray) -> np.ndarray:
    return np.vectorize(lambda value: 0.5 * math.erfc(-value / math.sqrt(2.0)), otypes=[np.float64])(z)


def _total(terms: State) -> Information:
    flat = terms.reshape(len(terms), -1)
    return Information(flat.sum(-1), flat.shape[1])
