"""Precision, recall, density and coverage by balls around pictures that reach to their k-th neighbour.

- precision: share of made pictures inside the ball of some real one (Kynkaanniemi et al. 2019, eq. 3)
- recall: share of real pictures inside the ball of some made one
- density: in how many balls of real pictures a made one lies, over k (Naeem et al. 2020, eq. 3)
- coverage: share of real pictures with a made one in their ball (their eq. 5)

Each is a mean over pictures of one side. The intervals made from these hold the balls fixed.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64

K = 5


@dataclass(frozen=True, eq=False)
class Neighbours:
    """What each picture adds to its mean: precision and density of the made ones, recall and coverage of the real."""

    precision: Bool[np.ndarray, " n"]
    recall: Bool[np.ndarray, " m"]
    density: Float64[np.ndarray, " n"]
    coverage: Bool[np.ndarray, " m"]


def neighbours(made: Float[np.ndarray, "n d"], real: Float[np.ndarray, "m d"], k: int = K) -> Neighbours:
    """The four measures of features; k is lowered where there are not more than k pictures on a side.

    Accuracy: the same numbers as the prdc package, 0.2 (tests/evaluate/test_neighbours.py).
    """
    k = min(k, len(made) - 1, len(real) - 1)
    between = distances(real, made)
    inside = between < radii(real, k)[:, None]
    reached = between < radii(made, k)[None, :]
    return Neighbours(
        precision=np.asarray(inside.any(axis=0)),
        recall=np.asarray(reached.any(axis=1)),
        density=inside.sum(axis=0) / max(k, 1),
        coverage=np.asarray(inside.any(axis=1)),
    )


def distances(x: Float[np.ndarray, "n d"], y: Float[np.ndarray, "m d"]) -> Float64[np.ndarray, "n m"]:
    """Euclidean distances. Accuracy: 1e-7 of the features' length (the difference of two large squares)."""
    x, y = x.astype(np.float64), y.astype(np.float64)
    squared = (x * x).sum(axis=1)[:, None] + (y * y).sum(axis=1) - 2.0 * (x @ y.T)
    return np.sqrt(np.maximum(squared, 0.0))


def radii(x: Float[np.ndarray, "n d"], k: int) -> Float64[np.ndarray, " n"]:
    """The distance of each picture from its k-th neighbour, itself not counted."""
    between = distances(x, x)
    np.fill_diagonal(between, 0.0)
    return np.partition(between, k, axis=1)[:, k]
