"""A corpus opened for training: rows of one split, and their pictures as a memory-mapped 8-bit array.

The array is a pure function of (the file's sha256, split, size, channels): it is made once, written beside a JSON index
to a temporary name, and renamed, so that a cache folder never holds half a file.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from sfumato.corpus.decode import Channels
from sfumato.corpus.decoded import Progress, decode_all
from sfumato.corpus.folder import folder_table, picture_bytes
from sfumato.corpus.rows import Row, Skipped, Table, read_columns, read_table
from sfumato.corpus.split import belongs
from sfumato.errors import CorpusError


@dataclass(frozen=True, eq=False)
class Source:
    """Rows of one split with their pictures, [n, size, size, channels], in the same order; `key` names the content."""

    name: str
    key: str
    rows: tuple[Row, ...]
    pictures: UInt8[np.ndarray, "n s s c"]
    skipped: tuple[Skipped, ...]

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
) -> Source:
    """Read a parquet file or a folder of captioned pictures, decoding its pictures once into `cache`.

    styles: keep only rows of these; all where empty. channels: 3 is RGB over white, 4 is RGBA with straight alpha.
    Rows whose picture cannot be decoded are left out and listed in `skipped`. Raises CorpusError where nothing is left.
    """
    table = folder_table(path) if path.is_dir() else read_table(path)
    rows = [row for row in table.rows if belongs(row, split) and (not styles or row.style in styles)]
    chosen = "" if not styles else "-" + hashlib.sha256("|".join(sorted(styles)).encode()).hexdigest()[:8]
    key = f"{content_hash(table)[:16]}-{split}-{size}{chosen}{'-rgba' if channels == 4 else ''}"
    array, index = cache / f"{key}.npy", cache / f"{key}.json"
    if not (array.is_file() and index.is_file()):
        data = _bytes_of(table, rows)
        decode_all(array, rows, data, size=size, channels=channels, progress=progress)
    bad = {entry["position"]: Skipped(**entry) for entry in json.loads(index.read_text("utf-8"))["skipped"]}
    kept = tuple(row for row in rows if row.position not in bad)
    skipped = table.skipped + tuple(bad.values())
    if not kept:
        raise CorpusError(f"{path} holds no usable picture in the split {split!r} ({len(skipped)} rows were left out)")
    pictures = np.load(array, mmap_mode="r")
    if pictures.shape != (len(kept), size, size, channels) or pictures.dtype != np.uint8:
        raise CorpusError(f"the cached pictures {array} do not fit {path}; delete that file and run again")
    return Source(path.stem, key, kept, pictures, skipped)


def content_hash(table: Table) -> str:
    """The sha256 of the file, or of a folder's pictures and captions."""
    digest = hashlib.sha256()
    if table.path.is_file():
        with table.path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
        return digest.hexdigest()
    for row in table.rows:
        digest.update(f"{row.id}\0{row.caption}\0".encode())
        digest.update(hashlib.sha256(picture_bytes(table.path, row)).digest())
    return digest.hexdigest()


def _bytes_of(table: Table, rows: Iterable[Row]) -> Iterator[bytes]:
    if table.path.is_dir():
        return (picture_bytes(table.path, row) for row in rows)
    images = read_columns(table.path, ("image",))["image"]
    return (_plain(images[row.position]) for row in rows)


def _plain(image: object) -> bytes:
    """Parquet stores pictures as bytes, or as {"bytes": ..., "path": ...}."""
    if isinstance(image, dict):
        image = image.get("bytes")
    return image if isinstance(image, bytes) else b""
