"""A corpus' pictures decoded once into a memory-mapped 8-bit array: whole or not there, bad pictures named."""

import contextlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from sfumato.corpus.attempts import Progress, attempts
from sfumato.corpus.decode import DECODERS, Channels
from sfumato.corpus.difference import digest
from sfumato.corpus.rows import Row, Skipped
from sfumato.errors import OutputError


def decode_all(
    array: Path,
    rows: Sequence[Row],
    data: Iterable[bytes],
    *,
    size: int,
    channels: Channels,
    progress: Progress | None = None,
) -> None:
    """Write `array` (.npy, [n, size, size, channels]) and beside it a .json that names the rows, and those left out.

    Both are written to temporary names and renamed. Raises OutputError where the folder is full or read-only.
    """
    part, whole, index = (array.with_suffix(f".{os.getpid()}.{name}") for name in ("part", "part2", "part3"))
    try:
        array.parent.mkdir(parents=True, exist_ok=True)
        digests: dict[str, str] = {}
        skipped = _decode_to(part, rows, noted(rows, data, digests), size, channels, progress)
        _with_header(part, whole, (len(rows) - len(skipped), size, size, channels))
        said = {"size": size, "skipped": [asdict(s) for s in skipped], "rows": digests}
        index.write_text(json.dumps(said), "utf-8")
        os.replace(whole, array)
        os.replace(index, array.with_suffix(".json"))
    except OSError as error:
        raise OutputError(
            f"the picture cache {array.parent} cannot be written: {error.strerror}; free space or give --cache"
        ) from error
    finally:
        for left in (part, whole, index):
            with contextlib.suppress(OSError):
                left.unlink()


def noted(rows: Iterable[Row], data: Iterable[bytes], digests: dict[str, str]) -> Iterator[bytes]:
    """`data`, each picture's digest being noted by its row's id as it passes."""
    for row, picture in zip(rows, data, strict=True):
        digests[row.id] = digest(row, picture, digests.get(row.id, ""))
        yield picture


def _decode_to(
    part: Path, rows: Sequence[Row], data: Iterable[bytes], size: int, channels: Channels, progress: Progress | None
) -> list[Skipped]:
    decode = DECODERS[channels]
    skipped: list[Skipped] = []
    with part.open("wb") as file:
        for row, result in attempts(rows, data, lambda picture: decode(picture, size), progress):
            if isinstance(result, str):
                skipped.append(Skipped(row.position, row.id, result))
            else:
                file.write(result.tobytes())
    return skipped


def _with_header(raw: Path, out: Path, shape: tuple[int, ...]) -> None:
    """The same bytes as an .npy file; written, not mapped, as a full disk then raises OSError and sends no signal."""
    about = {"descr": np.lib.format.dtype_to_descr(np.dtype(np.uint8)), "fortran_order": False, "shape": shape}
    with raw.open("rb") as pixels, out.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, about)
        shutil.copyfileobj(pixels, file, 1 << 20)
