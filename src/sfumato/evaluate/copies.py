"""Is anything copied? The nearest train picture of every output, and how near is too near.

Distance: root mean square of the pictures' difference over white, in levels of 0..255, after the mean over blocks of
8 x 8 pixels. Not of features: these move further under JPEG or an autoencoder than between two pictures of one style
(planted copies caught among Glyphs: 1 of 20; 20 of 20 here).

Threshold: the 1st percentile of how near the real held-out pictures are to train pictures of other (family, style)
pairs; by its making 1 % of real pictures lie below it. Every output is searched, of every seed. The share of them below
it is printed with its 95 % upper bound, and a verdict says whether that is within 2 %. That copies would be seen is
shown each time: planted ones must be caught, every one, else nothing is proven.
"""

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, Int64, UInt8
from PIL import Image

from sfumato.corpus.decode import over_white
from sfumato.corpus.rows import Row
from sfumato.evaluate.ground import Ground
from sfumato.evaluate.pairs import hash_order, pair_of
from sfumato.manifest import trained_on

PERCENTILE, ALLOWED = 1.0, 2.0
PLANTED, QUALITY = 20, 50
CELL, BLOCK = 8, 256

Pixels = UInt8[np.ndarray, "n s s 3"]


@dataclass(frozen=True, eq=False)
class Copies:
    """For each output its nearest train row and the distance; the threshold; how many planted copies were caught.

    Outputs are by seeds, then by prompts.
    """

    nearest: Int64[np.ndarray, "s n"]
    distance: Float64[np.ndarray, "s n"]
    threshold: float
    planted: int
    caught: int

    @property
    def below(self) -> Bool[np.ndarray, "s n"]:
        """Which outputs are nearer to a train picture than 99 % of real pictures are."""
        return self.distance < self.threshold

    def to_dict(self) -> dict[str, Any]:
        """In the types of JSON, shares in percent."""
        outputs, below = self.below.size, int(self.below.sum())
        facts = {
            "threshold": self.threshold,
            "outputs": outputs,
            "below": below,
            "share_percent": 100.0 * below / outputs,
            "upper_bound_percent": 100.0 * upper_bound(below / outputs, self.below.shape[1]),
            "real_share_percent": PERCENTILE,
            "planted": self.planted,
            "planted_caught": self.caught,
        }
        return facts | {"verdict": verdict(facts)}


def verdict(facts: Mapping[str, Any]) -> str:
    """Whether the share is within 2 %, by the entries of `Copies.to_dict`; who misses planted copies proves nothing."""
    if not 0 < facts["planted"] == facts["planted_caught"]:
        return "not proven: planted copies missed"
    if facts["share_percent"] > ALLOWED:
        return f"above {ALLOWED:g} %"
    bounded = facts["upper_bound_percent"] <= ALLOWED
    return f"within {ALLOWED:g} %" if bounded else f"open: the bound is above {ALLOWED:g} %"


def unsearched(card: Mapping[str, Any], keys: Sequence[str]) -> list[str]:
    """The corpora that a model's card names and that are not among those with these keys, whatever part was taken.

    A key begins as the hash of the whole content does (corpus/source.py), which may stand in its place.
    """
    named = [(str(one["name"]), str(one.get("key")).partition("-")[0]) for one in trained_on(card)]
    return [name for name, content in named if not (content and any(key.startswith(content) for key in keys))]


def find_copies(ground: Ground, made: UInt8[np.ndarray, "seeds n s s 3"]) -> Copies:
    """Search all train pictures, of further corpora too."""
    train = np.concatenate([thumbnails(pictures) for pictures in ground.train_pictures])
    real = of_real(ground.rows, thumbnails(ground.pictures), ground.train_rows, train)
    threshold = float(np.percentile(real, PERCENTILE))
    places = hash_order(ground.train_rows)[:PLANTED]
    _, how_near = nearest(thumbnails(planted(ground, places)), train)
    caught = int((how_near < threshold).sum())
    where, distance = nearest(thumbnails(made.reshape(-1, *made.shape[2:])), train)
    by_seeds = made.shape[:2]
    return Copies(where.reshape(by_seeds), distance.reshape(by_seeds), threshold, len(places), caught)


def of_real(
    rows: Sequence[Row], real: Float32[np.ndarray, "n d"], train_rows: Sequence[Row], train: Float32[np.ndarray, "m d"]
) -> Float64[np.ndarray, " n"]:
    """How near each held-out picture is to a train picture of another (family, style) pair, by their thumbnails."""
    same: dict[tuple[str, str], list[int]] = {}
    for k, row in enumerate(train_rows):
        same.setdefault(pair_of(row), []).append(k)
    _, distance = nearest(real, train, [same.get(pair_of(row), []) for row in rows])
    return distance


def thumbnails(pictures: Pixels) -> Float32[np.ndarray, "n d"]:
    """Block means, scaled so that Euclidean distances are root mean squares."""
    n, side = pictures.shape[:2]
    cells = side // CELL
    out = np.empty((n, cells * cells * 3), np.float32)
    for start in range(0, n, BLOCK):
        block = np.asarray(pictures[start : start + BLOCK], np.float32)
        means = block.reshape(len(block), cells, CELL, cells, CELL, 3).mean(axis=(2, 4))
        out[start : start + BLOCK] = means.reshape(len(block), -1)
    return out / np.float32(out.shape[1] ** 0.5)


def planted(ground: Ground, places: Int64[np.ndarray, " k"]) -> Pixels:
    """Train pictures as a copier would give them: nearly the same, after JPEG of quality 50."""
    return np.stack([recompressed(ground.train_picture(int(place))) for place in places])


def recompressed(picture: UInt8[np.ndarray, "s s 3"]) -> UInt8[np.ndarray, "s s 3"]:
    """A picture after JPEG of quality 50."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=QUALITY, subsampling=0)
    return over_white(buffer.getvalue(), len(picture))


def nearest(
    x: Float[np.ndarray, "n d"], train: Float[np.ndarray, "m d"], excluded: Sequence[Sequence[int]] | None = None
) -> tuple[Int64[np.ndarray, " n"], Float64[np.ndarray, " n"]]:
    """The nearest train row of each, and its Euclidean distance; `excluded`: rows that do not count, for each.

    Accuracy: candidates are compared in float32, the distance of the winner is computed in float64.
    """
    squares = (train * train).sum(axis=1)
    found = np.empty(len(x), np.int64)
    for start in range(0, len(x), BLOCK):
        scores = squares - 2.0 * (x[start : start + BLOCK].astype(train.dtype) @ train.T)
        for row, out in enumerate(excluded[start : start + BLOCK] if excluded is not None else ()):
            scores[row, list(out)] = np.inf
        found[start : start + BLOCK] = scores.argmin(axis=1)
    return found, np.linalg.norm(x.astype(np.float64) - train[found].astype(np.float64), axis=1)


def upper_bound(share: float, n: int, level: float = 0.95) -> float:
    """The largest p that n independent prompts leave possible, when `share` of their outputs are hits.

    The seeds of a prompt are not independent: what counts is a prompt's share of hits, a number in [0, 1] of which
    nothing but the mean is known. P(mean <= share) <= exp(-n KL(share || p)) where share < p (Hoeffding 1963, Theorem
    1); the bound is where that is 1 - level. For no hits it is Clopper and Pearson's, for more a little above theirs.
    """
    if share >= 1.0:
        return 1.0
    low, high = share, 1.0
    while high - low > 1e-12:
        middle = (low + high) / 2.0
        if n * divergence(share, middle) < -math.log(1.0 - level):
            low = middle
        else:
            high = middle
    return high


def divergence(q: float, p: float) -> float:
    """KL of two coins, q from p, in nats."""
    if p >= 1.0:
        return math.inf
    return (q * math.log(q / p) if q else 0.0) + (1.0 - q) * math.log((1.0 - q) / (1.0 - p))
