"""Do seeds matter? How far apart the pictures of one prompt are that differ in seed alone."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float64

from sfumato.corpus.rows import Row
from sfumato.evaluate.interval import Counts, families_in, interval, means
from sfumato.evaluate.line import Line
from sfumato.evaluate.neighbours import distances
from sfumato.evaluate.pairs import family_of

STRIDE = 1_000_000
"""The s-th further picture of prompt k has seed k + s STRIDE."""


def seeds_of(k: int, count: int) -> list[int]:
    """The seeds of prompt k."""
    return [k + s * STRIDE for s in range(count)]


def within(made: Float[np.ndarray, "p s d"]) -> Float64[np.ndarray, " p"]:
    """For each prompt the mean distance between the pictures of its seeds."""
    s = made.shape[1]
    return np.array([distances(x, x).sum() / (s * (s - 1)) for x in made])


def between(real: Float[np.ndarray, "n d"], rows: Sequence[Row]) -> Float64[np.ndarray, " n"]:
    """For each real picture its mean distance from those of its style and other families; nan where there are none."""
    apart = distances(real, real)
    style = np.array([row.style for row in rows])
    family = np.array([family_of(row) for row in rows])
    other = (style[:, None] == style) & (family[:, None] != family)
    with np.errstate(invalid="ignore"):
        return (apart * other).sum(axis=1) / other.sum(axis=1)


def diversity_line(
    made: Float[np.ndarray, "p s d"], real: Float[np.ndarray, "n d"], rows: Sequence[Row], counts: Counts
) -> Line:
    """Distance between the seeds of a prompt, beside that between different real things in one style.

    A share of 0 means that every seed gives the same picture, of 1 that prompts decide the style and no more; neither
    is good, so there is no verdict. `rows`, `real` and `counts` are of all held-out rows, `made` of the first p.
    """
    near, far = within(made), between(real, rows)
    first, there = counts[:, : len(near)], np.isfinite(far)
    each_near, each_far = means(near, first), means(far[there], counts[:, there])
    found = interval(float(near.mean()), each_near)
    reference = interval(float(far[there].mean()) if there.any() else float("nan"), each_far)
    share = interval(found.value / reference.value, each_near / each_far)
    return Line(
        measure=f"distance between {made.shape[1]} seeds of a prompt",
        pictures=made.shape[0] * made.shape[1],
        families=families_in(first),
        made=found,
        real=reference,
        against=share,
        kind="share",
        lower=None,
    )
