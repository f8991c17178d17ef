"""FD: the distance of two Gaussians with the means and covariances of the features (Dowson and Landau 1982).

FD = |m_1 - m_2|^2 + tr(S_1 + S_2 - 2 (S_1 S_2)^(1/2)), the formula of Heusel et al. 2017 on EfficientNet-Lite0.

With A_i the centred features over sqrt(n_i - 1), S_i = A_i' A_i, and the trace of the root is the sum of the singular
values of A_1 A_2': exact, and small where there are fewer pictures than features.
"""

import numpy as np

from sfumato.types import Array


def frechet(x: Array, y: Array) -> float:
    """FD of features [n, d] and [m, d]; nan where a side holds fewer than two pictures.

    Accuracy: 1e-9 of the traces. It is biased upwards, the more the fewer pictures there are: compare it with FD of
    real pictures of the same number only. Against the closed form for Gaussians: tests/evaluate/test_frechet.py.
    """
    if min(len(x), len(y)) < 2:
        return float("nan")
    (m, a), (n, b) = centred(x), centred(y)
    root = np.linalg.svd(shortened(a) @ shortened(b).T, compute_uv=False).sum()
    return float(((m - n) ** 2).sum() + (a * a).sum() + (b * b).sum() - 2.0 * root)


def centred(x: Array) -> tuple[Array, Array]:
    """The mean, and the deviations from it over sqrt(n - 1), in float64."""
    x = x.astype(np.float64)
    mean = x.mean(axis=0)
    return mean, (x - mean) / (len(x) - 1) ** 0.5


def shortened(a: Array) -> Array:
    """A matrix of at most d rows with the same A' A, and so the same singular values in products: R of A = Q R."""
    return a if len(a) <= a.shape[1] else np.linalg.qr(a, mode="r")
