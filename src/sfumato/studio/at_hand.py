"""The pictures that a studio has at hand, and which of them a picture is nearest to.

The distance is that of `sfumato evaluate` (evaluate/copies.py): root mean square over the means of blocks of 8 x 8
pixels, in grey levels of 0..255.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64, Int64, UInt8

from sfumato.corpus.locate import cache_folder
from sfumato.corpus.prompt import plain_prompt
from sfumato.corpus.rows import Row
from sfumato.corpus.source import Source, open_source
from sfumato.evaluate.copies import PLANTED, nearest, of_real, recompressed, thumbnails
from sfumato.evaluate.features import SIZE
from sfumato.evaluate.ground import Report, picture_at
from sfumato.evaluate.kept import kept
from sfumato.evaluate.pairs import hash_order
from sfumato.manifest import trained_on
from sfumato.studio.photo import SHIPPED, shipped
from sfumato.studio.ruler import Ruler, ruler_of, shipped_ruler

NEAREST = 5
SPLIT = "tune"
"""The held-out rows that make the ruler, as in `sfumato evaluate`."""

Pixels = UInt8[np.ndarray, "s s 3"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Found:
    """The nearest pictures, the nearest first, and what the rule says of the first."""

    places: Int64[np.ndarray, " k"]
    distances: Float64[np.ndarray, " k"]
    ruler: Ruler
    caught: int

    @property
    def copied(self) -> bool:
        """Is it nearer to one of the pictures than 99 % of real ones are?"""
        return bool(self.distances[0] < self.ruler.threshold)

    def numbers(self) -> dict[str, float]:
        """nearest, threshold: grey levels. copied: 0 or 1. nearer: % of real pictures. caught: planted copies."""
        return {
            "nearest": float(self.distances[0]),
            "threshold": self.ruler.threshold,
            "copied": float(self.copied),
            "nearer": self.ruler.nearer(float(self.distances[0])),
            "caught": float(self.caught),
        }


@dataclass(frozen=True, eq=False, kw_only=True)
class AtHand:
    """Pictures over white, 128 pixels a side, with what each is called, and their thumbnails.

    files: the corpora that they are from, and keys: what names the content of each; both empty for the shipped ones.
    order: their places, the one to plant first at the front. caught: of `planted` copies, JPEG files of the first in
    that order, how many the rule calls copied.
    """

    files: tuple[str, ...]
    keys: tuple[str, ...]
    words: Sequence[str]
    pictures: Sequence[UInt8[np.ndarray, "k s s 3"]]
    near: Float32[np.ndarray, "n d"]
    ruler: Ruler
    order: Int64[np.ndarray, " n"]
    planted: int = 0
    caught: int = 0

    def picture(self, place: int) -> Pixels:
        """One of them. Raises IndexError."""
        return picture_at(self.pictures, place)

    def chosen(self, seed: int) -> int:
        """The place of the picture that a seed plants."""
        return int(self.order[seed % len(self.order)])

    def search(self, picture: Pixels) -> Found:
        """The nearest to a picture of 128 pixels a side. Accuracy: as evaluate's `nearest`."""
        one = thumbnails(picture[None])
        scores = (self.near * self.near).sum(1) - 2.0 * (self.near @ one[0])
        few = np.argsort(scores, kind="stable")[:NEAREST]
        far = np.linalg.norm(self.near[few].astype(np.float64) - one[0].astype(np.float64), axis=1)
        by = np.argsort(far, kind="stable")
        return Found(places=few[by], distances=far[by], ruler=self.ruler, caught=self.caught)

    def learnt(self, card: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The corpora that a model's card says it was trained on, and whether each is at hand, by its content."""
        return [
            {"name": str(one["name"]), "pictures": one.get("pictures"), "here": str(one.get("key"))[:16] in self.keys}
            for one in trained_on(card)
        ]


@cache
def shipped_pictures() -> AtHand:
    """The two pictures that come with the studio; no model was trained on them. The ruler is that of Glyphs v1."""
    pictures = np.stack([shipped(name) for name in SHIPPED])
    names = [f"the {name}" for name in SHIPPED]
    return _with_planted((), (), names, [pictures], shipped_ruler(), np.arange(len(pictures)))


def of_corpus(
    path: str | Path, further: Sequence[str | Path] = (), *, cache: Path | None = None, report: Report | None = None
) -> AtHand:
    """The train pictures of a corpus and of further ones; the held-out pictures of the first make the ruler.

    What is computed is kept in `cache`, and shared with `sfumato evaluate`. Raises CorpusError where a split is empty,
    OutputError where `cache` cannot be written.
    """
    folder = cache_folder() if cache is None else cache

    def opened(place: str | Path, split: str) -> tuple[Source, Float32[np.ndarray, "n d"]]:
        def told(done: int, total: int) -> None:
            if report is not None:
                report(f"decoding {Path(place).name} ({split})", done, total)

        source = open_source(Path(place), split=split, size=SIZE, cache=folder, progress=told)
        near = kept(folder / f"{source.key}-thumbnails.npy", len(source), lambda: thumbnails(source.pictures))
        return source, near

    held, real = opened(path, SPLIT)
    trains = [opened(place, "train") for place in (path, *further)]
    rows: list[Row] = [row for source, _ in trains for row in source.rows]
    near = np.concatenate([each for _, each in trains])
    ruler = ruler_of(held.name, of_real(held.rows, real, rows, near), len(rows))
    keys = tuple(source.key[:16] for source, _ in trains)
    names, pictures = tuple(Path(each).name for each in (path, *further)), [source.pictures for source, _ in trains]
    return _with_planted(names, keys, [plain_prompt(row) for row in rows], pictures, ruler, hash_order(rows), near)


def _with_planted(
    files: tuple[str, ...],
    keys: tuple[str, ...],
    words: Sequence[str],
    pictures: Sequence[UInt8[np.ndarray, "k s s 3"]],
    ruler: Ruler,
    order: Int64[np.ndarray, " n"],
    near: Float32[np.ndarray, "n d"] | None = None,
) -> AtHand:
    """Plant copies and count how many are caught."""
    near = np.concatenate([thumbnails(each) for each in pictures]) if near is None else near
    plain = AtHand(files=files, keys=keys, words=words, pictures=pictures, near=near, ruler=ruler, order=order)
    copies = np.stack([recompressed(plain.picture(int(k))) for k in order[:PLANTED]])
    _, far = nearest(thumbnails(copies), near)
    return replace(plain, planted=len(copies), caught=int((far < ruler.threshold).sum()))
