"""Tensors that several processes have shards of, in safetensors: each process writes its rows, anyone reads any rows.

weights.0of2.safetensors weights.1of2.safetensors ...: a tensor is cut along its first axis, and checkpoint.json says
which rows a file holds. A number (no axis) is in the first file. What one process wrote is the case of one file whose
rows are all of them; so a run may go on with another number of processes, or with one.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import safetensors
import torch
from torch import Tensor

from sfumato.errors import CheckpointError

HEADER_LIMIT = 3 << 20
"""The longest header in bytes that is parsed, enough for 20,000 tensors: one of many empty tensors takes minutes."""

Rows = dict[str, tuple[int, int]]
"""By name, the rows [start, stop) that a file holds of a tensor."""


@dataclass(frozen=True)
class Piece:
    """One tensor in the files that hold it: (file, start, stop) in the order of the rows."""

    name: str
    places: Sequence[tuple[Path, int, int]]

    def rows(self, start: int, stop: int) -> Tensor:
        """Rows start .. stop - 1, of which there may be none; nothing else is read.

        Raises CheckpointError where the files do not hold them.
        """
        found = []
        for file, first, last in self.places:
            low, high = max(start, first), min(stop, last)
            if low < high or file == self.places[0][0]:
                with safetensors.safe_open(file, "pt") as opened:  # type: ignore[no-untyped-call]
                    found.append(opened.get_slice(self.name)[max(0, low - first) : max(0, high - first)])
        out = torch.cat(found)
        if len(out) != max(0, stop - start):
            raise CheckpointError(f"{self.places[0][0].parent} lacks rows of {self.name!r}: it is damaged")
        return out

    def whole(self) -> Tensor:
        """All rows."""
        if self.shape == ():
            with safetensors.safe_open(self.places[0][0], "pt") as opened:  # type: ignore[no-untyped-call]
                return opened.get_tensor(self.name)
        return self.rows(0, self.places[-1][2])

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the whole tensor."""
        with safetensors.safe_open(self.places[0][0], "pt") as opened:  # type: ignore[no-untyped-call]
            shape = opened.get_slice(self.name).get_shape()
        return (self.places[-1][2], *shape[1:]) if shape else ()


def pieces_in(folder: Path, part: str, held: Mapping[str, Mapping[str, Sequence[int]]]) -> dict[str, Piece]:
    """The tensors of one part ("weights") by name, from the rows that each of its files holds."""
    places: dict[str, list[tuple[Path, int, int]]] = {}
    for file, rows in held.items():
        if file.partition(".")[0] == part:
            for name, (start, stop) in rows.items():
                places.setdefault(name, []).append((folder / file, start, stop))
    return {name: Piece(name, sorted(found, key=lambda p: p[1])) for name, found in places.items()}


def rows_in(folder: Path, files: Iterable[str]) -> dict[str, Rows]:
    """What files written by one process hold: all rows of every tensor in them."""
    found: dict[str, Rows] = {}
    for file in files:
        with safetensors.safe_open(folder / file, "pt") as opened:  # type: ignore[no-untyped-call]
            shapes = {name: opened.get_slice(name).get_shape() for name in opened.keys()}  # noqa: SIM118
        found[file] = {name: (0, shape[0] if shape else 1) for name, shape in shapes.items()}
    return found


def refuse_long_header(file: Path, head: bytes) -> None:
    """Raise CheckpointError where a safetensors file, of which `head` is the beginning, has an outsized header."""
    length = int.from_bytes(head[:8], "little")
    if length > HEADER_LIMIT:
        raise CheckpointError(
            f"{file} has a header of {length} bytes; at most {HEADER_LIMIT} are read: it is damaged or hostile"
        )


def sha256_of(file: Path) -> str:
    """Of a file's bytes, a block at a time. Raises CheckpointError where it cannot be read."""
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise CheckpointError(f"{file} cannot be read: {error.strerror}") from error
