"""A corpus opened for training: rows of one split, and their pictures as a memory-mapped 8-bit array.

The array is a function of (the content's hash, split, size, channels): it is made once, written beside a JSON index
to a temporary name, and renamed, so that a cache folder never holds half a file. The index names its rows, which are
compared with those asked for: no picture is ever paired with another row's words.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from sfumato.corpus.attempts import Progress
from sfumato.corpus.content import settled
from sfumato.corpus.decode import Channels
from sfumato.corpus.decoded import decode_all
from sfumato.corpus.detect import read_corpus
from sfumato.corpus.rows import Row, Skipped
from sfumato.corpus.split import belongs
from sfumato.errors import CorpusError

SUFFIXES: dict[int, str] = {1: "-grey", 3: "", 4: "-rgba"}
"""Of the cache's files, by the number of channels."""


@dataclass(frozen=True, eq=False)
class Source:
    """Rows of one split with their pictures, [n, size, size, channels], in the same order; `key` names the content.

    content: the whole hash of which the key has the beginning. merkle_root: of a corpus that is a pack.
    """

    name: str
    key: str
    rows: tuple[Row, ...]
    pictures: UInt8[np.ndarray, "n s s c"]
    skipped: tuple[Skipped, ...]
    content: str = ""
    merkle_root: str = ""

    def __len__(self) -> int:
        """The number of pictures."""
        return len(self.rows)


def open_source(
    path: Path,
    *,
    split: str,
    size: int,
    cache: Path,
    progress: Progress | None = None,
    styles: tuple[str, ...] = (),
    channels: Channels = 3,
    most: int = 0,
) -> Source:
    """Read a corpus in any format that detect.py knows, decoding its pictures once into `cache`.

    styles: keep only rows of these; all where empty. channels: 3 is RGB over white, 4 is RGBA with straight alpha, 1 is
    grey over white.
    most: of more rows than that, keep those whose ids have the smallest hashes; all where 0.
    Rows whose picture cannot be decoded are left out and listed in `skipped`. Raises CorpusError where nothing is left.
    """
    table, content = settled(read_corpus(path))
    rows = [row for row in table.rows if belongs(row, split) and (not styles or row.style in styles)]
    chosen = "" if not styles else "-" + hashlib.sha256("|".join(sorted(styles)).encode()).hexdigest()[:8]
    if most and len(rows) > most:
        rows, chosen = fewer(rows, most), f"{chosen}-{most}"
    key = f"{content[:16]}-{split}-{size}{chosen}{SUFFIXES[channels]}"
    array, index = cache / f"{key}.npy", cache / f"{key}.json"
    if not (array.is_file() and index.is_file() and names(index, rows)):
        decode_all(array, rows, table.pictures(rows), size=size, channels=channels, progress=progress)
    bad = {entry["position"]: Skipped(**entry) for entry in json.loads(index.read_text("utf-8"))["skipped"]}
    kept = tuple(row for row in rows if row.position not in bad)
    skipped = table.skipped + tuple(bad.values())
    if not kept:
        raise CorpusError(
            f"{path} holds no usable picture in the split {split!r} ({len(skipped)} rows were left out, each named by "
            f"`sfumato corpus check {path}`); let its rows or folders name a split val, or none at all"
        )
    pictures = np.load(array, mmap_mode="r")
    if pictures.shape != (len(kept), size, size, channels) or pictures.dtype != np.uint8:
        raise CorpusError(f"the cached pictures {array} do not fit {path}; delete that file and run again")
    return Source(path.stem, key, kept, pictures, skipped, content, table.merkle_root)


def names(index: Path, rows: Sequence[Row]) -> bool:
    """Whether an index is of these rows, in this order, and numbers those that it leaves out as they are numbered."""
    said = json.loads(index.read_text("utf-8"))
    numbered = {(row.position, row.id) for row in rows}
    ids = list(dict.fromkeys(row.id for row in rows))
    same = list(said.get("rows", ids)) == ids  # the first indexes named no rows
    return same and all((entry["position"], entry["id"]) in numbered for entry in said["skipped"])


def fewer(rows: list[Row], most: int) -> list[Row]:
    """The rows whose ids have the smallest SHA-256, so many of them, in their order."""
    chosen = set(sorted(rows, key=lambda row: hashlib.sha256(row.id.encode("utf-8", "surrogatepass")).digest())[:most])
    return [row for row in rows if row in chosen]
