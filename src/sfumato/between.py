"""Pictures between two prompts and two seeds: what lies between two texts, and between two noises.

Noise is taken along the great circle (Shoemake 1985, "Animating rotation with quaternion curves", section 3.3),

    slerp(a, b; s) = (sin((1 - s) angle) a + sin(s angle) b) / sin(angle),      angle between a and b.

Two independent noises of many numbers stand nearly at right angles; then the weights' squares sum to 1, so that every
picture between starts from numbers of variance 1, as the network knows them. A straight line would pass through
variance 1/2 in the middle. A sampler's own noise is taken the same way, so that both ends are those of their seeds.

Token states are taken along the straight line, token k of one prompt with token k of the other. Cross-attention's
values are linear in them; and what slerp would preserve, their norm, does not reach a network that normalises its text
(text_norm: both of Sfumato's do): there a straight line and an arc visit the same points at slightly other shares.
A shorter prompt is filled up with its own last state, the mark of its end. Both ends are the prompts as they are.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np
from jaxtyping import Float32

from sfumato.arrays import as_numpy, concat
from sfumato.arrays import like as cast_like
from sfumato.conditioner import Conditioning
from sfumato.rng import PerSample
from sfumato.types import Array

NUMPY = np.empty(0, np.float32)


def slerp(a: Float32[np.ndarray, "..."], b: Float32[np.ndarray, "..."], share: float) -> Float32[np.ndarray, "..."]:
    """From a (share 0) to b (share 1), as above. Accuracy: computed in float64, rounded once; the ends are exact."""
    if share in (0.0, 1.0):
        return b if share else a
    x, y = a.astype(np.float64), b.astype(np.float64)
    cosine = float((x * y).sum() / max(math.sqrt((x * x).sum() * (y * y).sum()), 1e-300))
    angle = math.acos(max(-1.0, min(1.0, cosine)))
    if math.sin(angle) < 1e-6:  # nearly one direction, or opposite ones, where no great circle is singled out
        return ((1.0 - share) * x + share * y).astype(np.float32)
    one, other = math.sin((1.0 - share) * angle), math.sin(share * angle)
    return ((one * x + other * y) / math.sin(angle)).astype(np.float32)


@dataclass(frozen=True)
class BetweenNoise:
    """The noise of a batch whose sample k lies `shares[k]` of the way from one seed to another."""

    first: PerSample
    second: PerSample
    shares: tuple[float, ...]

    def initial(self, shape: Sequence[int], like: Array) -> Array:
        """Where sampling starts: [b, *shape] as the kind, dtype and device of `like`."""
        return self._mixed(self.first.initial(shape, NUMPY), self.second.initial(shape, NUMPY), like)

    def __call__(self, step: int, draw: int, like: Array, /) -> Array:
        """Draw number `draw` of sampling step `step`, shaped like `like`."""
        empty = np.empty(like.shape, np.float32)
        return self._mixed(self.first(step, draw, empty), self.second(step, draw, empty), like)

    def _mixed(self, a: Float32[np.ndarray, "b ..."], b: Float32[np.ndarray, "b ..."], like: Array) -> Array:
        mixed = [slerp(x, y, share) for x, y, share in zip(a, b, self.shares, strict=True)]
        return cast_like(np.stack(mixed), like)


def between_prompts(first: Conditioning, second: Conditioning, shares: Sequence[float]) -> Conditioning:
    """Prompt k of both, `shares[k]` of the way from the first to the second."""
    return reduce(add, (_row(first, second, k, share) for k, share in enumerate(shares)))


def _row(first: Conditioning, second: Conditioning, k: int, share: float) -> Conditioning:
    """One of them, as a Conditioning of one prompt."""
    if share in (0.0, 1.0):
        return _alone(second if share else first, k)
    places = [np.flatnonzero(as_numpy(side.mask[k])) for side in (first, second)]
    n = max(map(len, places))
    longer = first if len(places[0]) == n else second
    a, b = (
        side.tokens[k][[int(real[min(i, len(real) - 1)]) for i in range(n)]]
        for side, real in zip((first, second), places, strict=True)
    )
    tokens = concat([(1.0 - share) * a + share * b, 0.0 * longer.tokens[k][n:]])[None]
    pooled = None
    if first.pooled is not None and second.pooled is not None:
        pooled = (1.0 - share) * first.pooled[k : k + 1] + share * second.pooled[k : k + 1]
    ends = (side.words[k] + side.words[k][-1:] * (n - len(side.words[k])) for side in (first, second))
    words = tuple(x if x == y else f"{x}/{y}" for x, y in zip(*ends, strict=True))
    return Conditioning(tokens, longer.mask[k : k + 1], (words,), pooled)


def _alone(cond: Conditioning, k: int) -> Conditioning:
    """Prompt k as it is."""
    one = slice(k, k + 1)
    return Conditioning(
        cond.tokens[one], cond.mask[one], cond.words[one], None if cond.pooled is None else cond.pooled[one]
    )
