"""Random numbers as a pure function of (seed, stream, step, draw, element): no state, nothing to save.

The generator is Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), a bijection that
turns a counter of four 32-bit words under a key of two into four random words. The layout, which a browser must
follow exactly:

    key     = (seed mod 2^32, seed div 2^32)                       seed in [0, 2^64)
    counter = (block, step, stream, draw)                          each in [0, 2^32)
    element e of an array (in C order) is word e mod 4 of block e div 4
    uniform_e = (word_e + 1/2) / 2^32                              float64, strictly inside (0, 1)
    normal_e, normal_{e+1} = r cos(a), r sin(a)   for even e       Box and Muller 1958, in float64, rounded to float32
        with r = sqrt(-2 ln uniform_e), a = 2 pi uniform_{e+1}     (an array of odd length drops the last sine)

Drawing is always done here, on the CPU: a picture depends on its seed, not on its batch, device or number format.

Accuracy: words and uniforms are exact everywhere; normals agree to one unit in the last place of float32 between
mathematical libraries. |normal| <= sqrt(66 ln 2) = 6.76. Known answers: tests/test_rng.py and
tests/golden/philox.json.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int64, UInt32

from sfumato.arrays import like as cast_like
from sfumato.errors import RecipeError, ShapeError
from sfumato.types import Array

INITIAL, SAMPLER, DATA, TRAIN_NOISE, TRAIN_LEVEL, DROPOUT, AUGMENT = range(7)
"""The streams: independent sequences under one seed."""

_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL = (np.uint64(0x9E3779B9), np.uint64(0xBB67AE85))
_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)


def philox4x32_10(counter: UInt32[np.ndarray, "n 4"], key: UInt32[np.ndarray, "n 2"]) -> UInt32[np.ndarray, "n 4"]:
    """Ten rounds of Philox4x32 on each row: four random words from four counter words under two key words.

    One round, with M the multipliers and (high, low) the halves of a 64-bit product (Salmon et al. 2011, section 3.3):
    (c0, c1, c2, c3) -> (high(M1 c2) ^ c1 ^ k0, low(M1 c2), high(M0 c0) ^ c3 ^ k1, low(M0 c0)); then k += Weyl.
    """
    c0, c1, c2, c3 = counter.astype(np.uint64).T
    k0, k1 = key.astype(np.uint64).T
    for _ in range(10):
        first, second = _MULTIPLIERS[0] * c0, _MULTIPLIERS[1] * c2
        c0, c1, c2, c3 = (second >> _HALF) ^ c1 ^ k0, second & _LOW, (first >> _HALF) ^ c3 ^ k1, first & _LOW
        k0, k1 = (k0 + _WEYL[0]) & _LOW, (k1 + _WEYL[1]) & _LOW
    return np.stack([c0, c1, c2, c3], axis=1).astype(np.uint32)


def words(seed: int, n: int, *, stream: int, step: int = 0, draw: int = 0) -> UInt32[np.ndarray, " n"]:
    """The first n random words of one (seed, stream, step, draw).

    Raises:
        RecipeError: the seed does not fit 64 bits without sign, or a counter word 32.
    """
    if not 0 <= seed < 2**64:
        raise RecipeError(f"seed is {seed}; it must lie in 0..2^64 - 1")
    for name, value in (("stream", stream), ("step", step), ("draw", draw)):
        if not 0 <= value < 2**32:
            raise RecipeError(f"{name} is {value}; random streams count it in 0..2^32 - 1")
    blocks = -(-n // 4)
    counter = np.empty((blocks, 4), np.uint32)
    counter[:, 0] = np.arange(blocks, dtype=np.uint32)
    counter[:, 1:] = step, stream, draw
    key = np.broadcast_to(np.array([seed % 2**32, seed // 2**32], np.uint32), (blocks, 2))
    return philox4x32_10(counter, key).reshape(-1)[:n]


def uniform(
    seed: int, shape: Sequence[int], *, stream: int, step: int = 0, draw: int = 0
) -> Float64[np.ndarray, "..."]:
    """Uniform numbers strictly inside (0, 1), on the grid of odd multiples of 2^-33."""
    drawn = words(seed, math.prod(shape), stream=stream, step=step, draw=draw)
    return ((drawn + 0.5) * 2.0**-32).reshape(shape)


def normal(seed: int, shape: Sequence[int], *, stream: int, step: int = 0, draw: int = 0) -> Float32[np.ndarray, "..."]:
    """Standard normal numbers by Box and Muller's transform, cosine first, computed in float64."""
    n = math.prod(shape)
    pairs = uniform(seed, (-(-n // 2), 2), stream=stream, step=step, draw=draw)
    radius, angle = np.sqrt(-2.0 * np.log(pairs[:, 0])), 2.0 * math.pi * pairs[:, 1]
    both = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return both.reshape(-1)[:n].astype(np.float32).reshape(shape)


def permutation(seed: int, n: int, epoch: int) -> Int64[np.ndarray, " n"]:
    """The order in which epoch `epoch` visits n items: the one that sorts random 64-bit keys (ties: lower index first).

    A pure function of (seed, n, epoch), so a resumed run needs no saved order.
    The key of item k is words 2k (high) and 2k + 1 (low).
    """
    drawn = words(seed, 2 * n, stream=DATA, step=epoch).astype(np.uint64)
    return np.argsort((drawn[0::2] << _HALF) | drawn[1::2], kind="stable")


@dataclass(frozen=True)
class PerSample:
    """The noise of a batch: sample k is drawn from seeds[k] alone, whatever else is in the batch.

    The object is itself the `noise(step, draw, like)` that a sampler asks for.
    """

    seeds: tuple[int, ...]

    def initial(self, shape: Sequence[int], like: Array) -> Array:
        """Standard normal [b, *shape], where sampling starts, as the kind, dtype and device of `like`."""
        return cast_like(np.stack([normal(seed, shape, stream=INITIAL) for seed in self.seeds]), like)

    def __call__(self, step: int, draw: int, like: Array, /) -> Array:
        """Standard normal shaped like `like` [b, ...]: draw number `draw` of sampling step `step`.

        Raises:
            ShapeError: `like` holds another number of samples than there are seeds.
        """
        if len(like) != len(self.seeds):
            raise ShapeError(
                f"noise for {len(like)} samples from {len(self.seeds)} seeds; give each sample its own seed"
            )
        shape = tuple(like.shape[1:])
        return cast_like(
            np.stack([normal(seed, shape, stream=SAMPLER, step=step, draw=draw) for seed in self.seeds]), like
        )
