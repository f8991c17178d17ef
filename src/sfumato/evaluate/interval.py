"""How sure is a number: 95 % intervals by a bootstrap, or a jackknife, over families.

A family (one thing in its styles, tones and genders) is drawn or left out as a whole, since its pictures resemble each
other: Efron and Tibshirani 1993, section 8.6 (blocks as the units that are resampled). A resample is given by how often
each row occurs in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from sfumato import rng

DRAWS = 1000
SEED = 2026
"""Of the resamples: the same for every model, so that two evaluations differ by their pictures alone."""

LEVEL, NORMAL = 0.95, 1.96
GROUPS = 20

Counts = Int64[np.ndarray, "k n"]
"""How often row n occurs in resample k."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float

    def spans(self, value: float = 0.0) -> bool:
        """Whether `value` lies in the interval, so that nothing can be said about the side it is on."""
        return self.low <= value <= self.high

    def times(self, factor: float) -> "Estimate":
        """In another unit, e.g. thousandths; factor > 0."""
        return Estimate(*(factor * number for number in (self.value, self.low, self.high)))


def resamples(families: Sequence[str], draws: int = DRAWS) -> Counts:
    """`draws` bootstrap resamples of as many families as there are, with replacement."""
    names, block = np.unique(np.asarray(families), return_inverse=True)
    n = len(names)
    chosen = (rng.uniform(SEED, (draws, n), stream=rng.DATA) * n).astype(np.int64)
    flat = np.bincount((chosen + n * np.arange(draws)[:, None]).ravel(), minlength=draws * n)
    return flat.reshape(draws, n)[:, block].astype(np.int64)


def families_in(counts: Counts) -> int:
    """How many families the rows belong to: rows of one family occur equally often in every resample."""
    return np.unique(counts, axis=1).shape[1]


def interval(value: float, values: Float64[np.ndarray, " k"]) -> Estimate:
    """`value` with the middle 95 % of its resamples; resamples without a value (nan) are left out."""
    kept = values[np.isfinite(values)]
    if not len(kept):
        return Estimate(value, float("nan"), float("nan"))
    low, high = np.quantile(kept, [(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0])
    return Estimate(value, float(low), float(high))


def of_mean(values: Float64[np.ndarray, " n"], counts: Counts) -> Estimate:
    """The mean over rows."""
    return interval(float(values.mean()), means(values, counts))


def of_share(values: Float64[np.ndarray, " n"], counts: Counts, one: float = 1.0) -> Estimate:
    """The mean of hits, each 0 or `one`: Wilson's interval (1927) with the number of rows that independence would need.

    That number is p (1 - p) over the variance of the mean in the resamples; where no resample differs (all hits, or
    none), the number of families. So 0 of 40 is not "0, for certain". A row may hold the mean of several seeds' hits.
    """
    p, spread = float(values.mean()) / one, float(np.nanvar(means(values, counts))) / one**2
    low, high = wilson(p, p * (1.0 - p) / spread if spread > 0.0 else float(families_in(counts)))
    return Estimate(p * one, low * one, high * one)


def wilson(p: float, n: float) -> tuple[float, float]:
    """The 95 % interval of a share p of n independent rows (Wilson 1927), within 0..1."""
    z = NORMAL**2 / n
    half = NORMAL * (p * (1.0 - p) / n + z / (4.0 * n)) ** 0.5 / (1.0 + z)
    centre = (p + z / 2.0) / (1.0 + z)
    return max(centre - half, 0.0), min(centre + half, 1.0)


def of_ratio(over: Float64[np.ndarray, " n"], under: Float64[np.ndarray, " n"], counts: Counts) -> Estimate:
    """The quotient of two means over the same rows; nan where the lower one is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        each = means(over, counts) / means(under, counts)
        return interval(float(np.float64(over.mean()) / under.mean()), each)


def means(values: Float64[np.ndarray, " n"], counts: Counts) -> Float64[np.ndarray, " k"]:
    """The mean in each resample; nan where it holds none of these rows."""
    total = counts.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return (counts @ values) / total


def groups_of(families: Sequence[str], most: int = GROUPS) -> Int64[np.ndarray, " n"]:
    """Families dealt to at most `most` groups, by turns in the order of their names: what a jackknife leaves out."""
    names, block = np.unique(np.asarray(families), return_inverse=True)
    return (block % min(most, len(names))).astype(np.int64)


def jackknife(value: float, without: Float64[np.ndarray, " g"]) -> Estimate:
    """`value` and its 95 % interval from the values with one group left out (Efron and Tibshirani 1993, eq. 11.5).

    se^2 = (g - 1) / g sum (without_i - mean)^2. For statistics whose bias depends on the number of distinct pictures,
    which a bootstrap would change.
    """
    g = len(without)
    if g < 2 or not np.isfinite(without).all():
        return Estimate(value, float("nan"), float("nan"))
    half = NORMAL * float(np.sqrt((g - 1) * without.var()))
    return Estimate(value, value - half, value + half)
