"""KID: the squared distance of two sets of pictures, without bias at any size (Binkowski et al. 2018).

Squared maximum mean discrepancy under the kernel k(x, y) = (x y / d + 1)^3. The two sets come in pairs (x_i, y_i): the
picture made for row i and the real picture of row i; so the estimate is that of Gretton et al. 2012, eq. 4,

    KID = mean over i, j of k(x_i, x_j) + k(y_i, y_j) - k(x_i, y_j) - k(x_j, y_i),

over pairs i, j of different families: pictures of one family are not drawn independently of each other.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from sfumato.evaluate.interval import Counts, Estimate, interval
from sfumato.types import Array

Matrix = Float64[np.ndarray, "n n"]


def kernel(x: Array, y: Array) -> Matrix:
    """(x y / d + 1)^3 in float64."""
    return (x.astype(np.float64) @ y.astype(np.float64).T / x.shape[1] + 1.0) ** 3


def terms(made: Array, real: Array) -> Matrix:
    """h[i, j], whose mean over i != j is KID. Features [n, d] in pairs."""
    cross = kernel(made, real)
    return kernel(made, made) + kernel(real, real) - cross - cross.T


def apart(families: Sequence[str]) -> Matrix:
    """1 where two rows are of different families, 0 elsewhere."""
    _, block = np.unique(np.asarray(families), return_inverse=True)
    return (block[:, None] != block[None, :]).astype(np.float64)


def resampled(h: Matrix, different: Matrix, counts: Counts) -> Float64[np.ndarray, " k"]:
    """KID of each resample; nan where it holds fewer than two families."""
    weights = counts.astype(np.float64)
    over = ((weights @ (h * different)) * weights).sum(axis=1)
    under = ((weights @ different) * weights).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return over / under


def statistic(made: Array, real: Array, families: Sequence[str] | None = None) -> float:
    """KID of two sets of features in pairs; every row is a family of its own where none are given.

    Accuracy: unbiased; may be negative. Against the closed form for Gaussians: tests/evaluate/test_kid.py.
    """
    names = families if families is not None else [str(k) for k in range(len(made))]
    return float(resampled(terms(made, real), apart(names), np.ones((1, len(made)), np.int64))[0])


def kid(
    made: Array, real: Array, families: Sequence[str], counts: Counts
) -> tuple[Estimate, Float64[np.ndarray, " k"]]:
    """KID with its interval, and its value in each resample: the difference of two such rows has an interval too."""
    h, different = terms(made, real), apart(families)
    each = resampled(h, different, counts)
    return interval(float(resampled(h, different, np.ones((1, len(h)), np.int64))[0]), each), each


def thousandths(
    made: Array, real: Array, families: Sequence[str], counts: Counts
) -> tuple[Estimate, Float64[np.ndarray, " k"]]:
    """KID x 1000, as it is always told, with its interval, and its value in each resample."""
    return over_seeds([made], real, families, counts)


def over_seeds(
    made: Sequence[Array], real: Array, families: Sequence[str], counts: Counts
) -> tuple[Estimate, Float64[np.ndarray, " k"]]:
    """KID x 1000 as the mean over seeds, each seed's pictures [n, d] being in pairs with the same real ones.

    A mean of unbiased estimates is unbiased, and what one seed adds by chance counts for less. A resample holds the
    same families of every seed; its value is the mean of theirs.
    """
    found = [kid(pictures, real, families, counts) for pictures in made]
    each = np.mean([values for _, values in found], axis=0)
    whole = interval(float(np.mean([estimate.value for estimate, _ in found])), each)
    return whole.times(1e3), 1e3 * each
