"""Does the denoiser listen? Its held-out loss with another row's caption against that with the row's own.

    gain_r(t) = loss(x_0, eps, t, c_other) - loss(x_0, eps, t, c_own)        for each row r and level t

Picture, noise, level and style phrase are the same on both sides, so the difference is the caption's alone and its
noise is that of paired differences. It is 0 for a network that ignores its
prompt, and grows as conditioning takes hold.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float64, Int64

from sfumato import rng
from sfumato.corpus.prompt import plain_prompt
from sfumato.corpus.rows import Row
from sfumato.train.events import Sensitivity

NORMAL = 1.96
"""Half the width of a 95 % interval in standard errors."""


def derangement(captions: Sequence[str], seed: int) -> Int64[np.ndarray, " n"] | None:
    """A permutation p, drawn from the seed, with captions[p[k]] != captions[k] for every k; None where there is none.

    Rows in an order that keeps equal captions together are shifted along it by the size m of the largest such group:
    nobody lands in a group of its own, as long as 2 m <= n.
    """
    chance = rng.permutation(seed, len(captions), 1)
    groups: dict[str, list[int]] = {}
    for k in map(int, chance):
        groups.setdefault(captions[k], []).append(k)
    largest = max(map(len, groups.values()), default=0)
    if largest == 0 or 2 * largest > len(captions):
        return None
    order = np.array([k for group in groups.values() for k in group])
    other = np.empty(len(order), np.int64)
    other[order] = np.roll(order, -largest)
    return other


def other_prompts(rows: Sequence[Row], seed: int) -> list[str] | None:
    """Each row's prompt with the caption of another row in the place of its own; the style phrase stays."""
    captions = [row.caption for row in rows]
    other = derangement(captions, seed)
    if other is None:
        return None
    return [plain_prompt(replace(row, caption=captions[k])) for row, k in zip(rows, other, strict=True)]


def sensitivity(own: Float64[np.ndarray, "k n"], other: Float64[np.ndarray, "k n"]) -> Sensitivity:
    """The mean of other - own over the rows at each level, and over rows and levels, each with its standard error.

    The rows are what was sampled: the error over all levels is that of each row's mean over them.
    """
    gains = other - own
    root = gains.shape[1] ** 0.5
    each = gains.mean(axis=0)
    mean, half = float(each.mean()), NORMAL * float(each.std()) / root
    return Sensitivity(
        gain=tuple(gains.mean(axis=1).tolist()),
        error=tuple((gains.std(axis=1) / root).tolist()),
        mean=mean,
        interval=(mean - half, mean + half),
    )
