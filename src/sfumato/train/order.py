"""Which picture is shown when: a pure function of the seed and the number of pictures shown before.

So the state of the data loader is one integer, and a resumed run shows what the uninterrupted one would have.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from jaxtyping import Float64, Int64

from sfumato import rng

FLIP, DROP, KEYWORD, CROP_Y, CROP_X, RECOLOUR, CHANCES = range(7)
"""Columns of the uniform numbers of each showing, and their number."""


class Order:
    """An endless sequence of (source, row), in epochs.

    Source s of n_s rows with weight w_s gives round(w_s n_s) showings to each epoch, taken in turn from its own endless
    chain of shuffled passes: with weight 1 every row comes once an epoch, with weight 0.25 once in four. The epoch's
    showings of all sources are then shuffled together.
    """

    def __init__(self, seed: int, lengths: Sequence[int], weights: Sequence[float]) -> None:
        self.lengths = tuple(lengths)
        self.quotas = tuple(max(1, round(w * n)) for n, w in zip(lengths, weights, strict=True))
        self.per_epoch = sum(self.quotas)
        high = rng.words(seed, 2 * (len(self.lengths) + 1), stream=rng.DATA, draw=1).astype(np.uint64)
        self._seeds = [int(a) << 32 | int(b) for a, b in zip(high[0::2], high[1::2], strict=True)]
        self._seed = seed
        self._epoch = lru_cache(maxsize=2)(self._make_epoch)

    def at(self, shown: int, count: int) -> tuple[Int64[np.ndarray, "b 2"], Float64[np.ndarray, "b k"]]:
        """Showings number shown .. shown + count - 1: their (source, row), and uniform numbers in (0, 1) for each."""
        places, chances = [], []
        while count > 0:
            epoch, k = divmod(shown, self.per_epoch)
            take = min(count, self.per_epoch - k)
            place, chance = self._epoch(epoch)
            places.append(place[k : k + take])
            chances.append(chance[k : k + take])
            shown, count = shown + take, count - take
        return np.concatenate(places), np.concatenate(chances)

    def _make_epoch(self, epoch: int) -> tuple[Int64[np.ndarray, "n 2"], Float64[np.ndarray, "n k"]]:
        parts = [self._share(s, epoch) for s in range(len(self.lengths))]
        places = np.concatenate(parts)[rng.permutation(self._seeds[-1], self.per_epoch, epoch)]
        return places, rng.uniform(self._seed, (self.per_epoch, CHANCES), stream=rng.AUGMENT, step=epoch)

    def _share(self, source: int, epoch: int) -> Int64[np.ndarray, "q 2"]:
        n, quota = self.lengths[source], self.quotas[source]
        positions = np.arange(epoch * quota, (epoch + 1) * quota)
        rows = np.empty(quota, np.int64)
        for lap in np.unique(positions // n):
            here = positions // n == lap
            rows[here] = rng.permutation(self._seeds[source], n, int(lap))[positions[here] % n]
        return np.stack([np.full(quota, source), rows], axis=1)
