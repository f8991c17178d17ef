"""What a model is measured on: held-out rows, the real pictures of them and of train, and what those look like."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from jaxtyping import Float32, Float64, Int64, UInt8

from sfumato.corpus.locate import locate
from sfumato.corpus.prompt import plain_prompt
from sfumato.corpus.rows import Row
from sfumato.corpus.source import Source, open_source
from sfumato.errors import CorpusError
from sfumato.evaluate.features import SIZE, Features, remembered
from sfumato.evaluate.interval import Counts, Estimate, resamples
from sfumato.evaluate.kid import thousandths
from sfumato.evaluate.pairs import family_of, floor_of, hash_order

CORPUS = "glyphs"
"""What SFUMATO_DATA is searched for."""


class Report(Protocol):
    """Told of preparations."""

    def __call__(self, what: str, done: int, total: int, /) -> None:
        """So many of so many are done."""
        ...


def unheard(what: str, done: int, total: int, /) -> None:
    """A report to nobody."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Ground:
    """Rows in hash order with the features of their real pictures; train rows with theirs; the floor; the resamples."""

    path: Path
    cache: Path
    split: str
    rows: Sequence[Row]
    pictures: UInt8[np.ndarray, "n s s 3"]
    real: Float32[np.ndarray, "n d"]
    train_rows: Sequence[Row]
    train: Float32[np.ndarray, "m d"]
    train_pictures: Sequence[UInt8[np.ndarray, "k s s 3"]]
    floor: Int64[np.ndarray, " n"]
    counts: Counts
    keys: tuple[str, ...]

    @property
    def prompts(self) -> list[str]:
        """What each row asks for."""
        return [plain_prompt(row) for row in self.rows]

    @property
    def families(self) -> list[str]:
        """The family of each row."""
        return [family_of(row) for row in self.rows]

    def kid(self, made: Float32[np.ndarray, "n d"]) -> tuple[Estimate, Float64[np.ndarray, " k"]]:
        """KID x 1000 of pictures made for the rows, by their features; with its value in each resample."""
        return thousandths(made, self.real, self.families, self.counts)

    def train_picture(self, place: int) -> UInt8[np.ndarray, "s s 3"]:
        """The picture of a train row."""
        return picture_at(self.train_pictures, place)

    @property
    def main(self) -> int:
        """How many of the train rows are of the corpus that is measured on; those of further ones come after."""
        return len(self.train_pictures[0])


def picture_at(all_pictures: Sequence[UInt8[np.ndarray, "k s s 3"]], place: int) -> UInt8[np.ndarray, "s s 3"]:
    """The picture at a place in several arrays, one after the other. Raises IndexError."""
    for pictures in all_pictures:
        if place < len(pictures):
            return np.asarray(pictures[place])
        place -= len(pictures)
    raise IndexError("there is no such picture")


def corpus_at(place: Path | None) -> Path:
    """A corpus as a user names it: its file or folder, a folder that holds glyphs.parquet, or SFUMATO_DATA's.

    Raises CorpusError where there is none.
    """
    if place is None or (place / f"{CORPUS}.parquet").is_file():
        return locate(CORPUS, place)
    if not place.exists():
        raise CorpusError(f"there is no corpus at {place}; give a .parquet file or a folder of pictures with --data")
    return place


def open_ground(
    path: Path,
    *,
    split: str,
    features: Features,
    cache: Path,
    report: Report = unheard,
    limit: int | None = None,
    further: Sequence[Path] = (),
) -> Ground:
    """Open the corpus at `path`; `limit` keeps the first rows of the split in hash order.

    further: other corpora that the model was trained on, where nearest train pictures are looked for too.
    Raises CorpusError where a split is empty, OutputError where `cache` cannot be written.
    """

    def opened(place: Path, name: str) -> tuple[Source, Float32[np.ndarray, "n d"]]:
        def decoding(done: int, total: int) -> None:
            report(f"decoding {place.name} ({name})", done, total)

        def looking(done: int, total: int) -> None:
            report(f"features of {place.name} ({name})", done, total)

        source = open_source(place, split=name, size=SIZE, cache=cache, progress=decoding)
        return source, remembered(source, features, cache, looking)

    held_out, real = opened(path, split)
    trains = [opened(place, "train") for place in (path, *further)]
    order = hash_order(held_out.rows)[:limit]
    rows = [held_out.rows[k] for k in order]
    if len({family_of(row) for row in rows}) < 2:
        raise CorpusError(f"{path} holds {len(rows)} usable rows in the split {split!r}; two families are the least")
    return Ground(
        path=path,
        cache=cache,
        split=split,
        rows=rows,
        pictures=held_out.pictures[order],
        real=real[order],
        train_rows=[row for source, _ in trains for row in source.rows],
        train=np.concatenate([found for _, found in trains]),
        train_pictures=[source.pictures for source, _ in trains],
        floor=floor_of(rows, trains[0][0].rows),
        counts=resamples([family_of(row) for row in rows]),
        keys=(held_out.key, *(source.key for source, _ in trains)),
    )
