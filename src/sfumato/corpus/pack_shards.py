"""The pictures' bytes of a corpus pack: shards one after the other, and an index of fixed-size records.

PACK/00000-0123456789abcdef.bin ... hold pictures end to end, each at most SHARD bytes and named by its number and the
beginning of its SHA-256. PACK/index.bin holds one record a picture: which shard, where in it, how long, and its Merkle
leaf. Both are read through memory maps: opening a pack reads neither, and picture k is found in O(1).
"""

import hashlib
import os
import re
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from sfumato.errors import CorpusError

SHARD = 64 << 20
INDEX = "index.bin"
RECORD = np.dtype([("shard", "<u4"), ("bytes", "<u4"), ("offset", "<u8"), ("leaf", "u1", (32,))])
SHARD_NAME = re.compile(r"\d{5}-[0-9a-f]{16}\.bin")


class ShardWriter:
    """Appends pictures to shards in a folder; `close` answers what the manifest says of them."""

    def __init__(self, folder: Path, limit: int = SHARD) -> None:
        self.folder, self.limit = folder, limit
        self.places: list[tuple[int, int, int]] = []
        self.shards: list[dict[str, Any]] = []
        self._file: BinaryIO | None = None
        self._digest, self._size = hashlib.sha256(), 0

    def add(self, data: bytes) -> None:
        """One picture, in the shard that has room for it. Raises CorpusError where none can have."""
        if len(data) > self.limit:
            raise CorpusError(f"its picture has {len(data)} bytes, more than a shard of {self.limit}")
        if self._file is not None and self._size + len(data) > self.limit:
            self._finish(self._file)
        if self._file is None:
            self._file, self._digest, self._size = (self.folder / "open.part").open("wb"), hashlib.sha256(), 0
        self._file.write(data)
        self._digest.update(data)
        self.places.append((len(self.shards), len(data), self._size))
        self._size += len(data)

    def close(self) -> list[dict[str, Any]]:
        """Finish the last shard."""
        if self._file is not None:
            self._finish(self._file)
        return self.shards

    def abandon(self) -> None:
        """Let go of an unfinished file."""
        if self._file is not None:
            self._file.close()

    def _finish(self, file: BinaryIO) -> None:
        file.flush()
        os.fsync(file.fileno())
        file.close()
        digest = self._digest.hexdigest()
        name = f"{len(self.shards):05d}-{digest[:16]}.bin"
        os.replace(self.folder / "open.part", self.folder / name)
        self.shards.append({"name": name, "bytes": self._size, "sha256": digest})
        self._file = None


def index_of(places: list[tuple[int, int, int]], leaves: list[bytes]) -> bytes:
    """The index of pictures at (shard, bytes, offset) with these leaves: RECORD after RECORD, no header."""
    index = np.zeros(len(places), RECORD)
    if places:
        index["shard"], index["bytes"], index["offset"] = np.array(places, np.uint64).T
        index["leaf"] = np.frombuffer(b"".join(leaves), np.uint8).reshape(-1, 32)
    return index.tobytes()


def open_index(folder: Path, count: int) -> np.ndarray:
    """The index of `count` pictures, memory-mapped. Raises CorpusError where it is damaged or of another pack."""
    try:
        index = np.memmap(folder / INDEX, RECORD, "r")
    except (OSError, ValueError) as error:
        raise CorpusError(f"{folder / INDEX} is missing or cut short; get the pack again") from error
    if len(index) != count:
        raise CorpusError(f"{folder / INDEX} holds {len(index)} records, not {count}; get the pack again")
    return index
