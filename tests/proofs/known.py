"""Distributions that the proofs of the oracles share."""

import numpy as np

from sfumato.process.oracle import Empirical, Gaussian, Mixture

COVARIANCE = np.array([[1.0, 0.6, -0.2], [0.6, 0.8, 0.1], [-0.2, 0.1, 0.3]])
POINTS = np.array([[-1.0, 0.5, 0.0], [0.3, 0.3, 0.8], [1.2, -0.7, -0.4], [0.31, 0.3, 0.8]])
ORACLES = {
    "gaussian": Gaussian(np.array([0.5, -1.0, 0.2]), np.array([0.3, 1.0, 2.0])),
    "gaussian-full": Gaussian.from_covariance(np.array([0.5, -1.0, 0.2]), COVARIANCE),
    "mixture": Mixture(
        np.array([0.3, 0.5, 0.2]),
        np.array([[-1.0, 0.0, 0.5], [0.7, 1.0, -0.5], [0.3, -1.0, 0.0]]),
        np.array([[0.3, 0.2, 0.4], [0.5, 0.1, 0.3], [0.15, 0.6, 0.2]]),
    ),
    "empirical": Empirical(POINTS),
}
LINE = Mixture(np.array([0.6, 0.4]), np.array([[-0.7], [0.9]]), np.array([[0.35], [0.15]]))


def batch(level, n=5):
    """Points where x_t is likely to be."""
    rng = np.random.default_rng(1)
    return level.alpha * rng.standard_normal((n, 3)) + level.sigma * rng.standard_normal((n, 3))


def slope(f, x, h=1e-3):
    """The derivative of f to fourth order in h."""
    return (8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12 * h)
