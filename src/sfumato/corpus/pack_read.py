"""A corpus pack opened: any picture by its number in O(1), or all of them in a stream; each checked as it is read."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from sfumato.corpus.pack_manifest import FORMAT, NAME, Manifest, from_bytes
from sfumato.corpus.pack_shards import SHARD_NAME, open_index
from sfumato.corpus.rows import Row, Skipped, Table
from sfumato.errors import CorpusError


class CorpusPack:
    """A pack's manifest, its index and its shards, the last two memory-mapped; nothing is read that is not asked for.

    Raises:
        CorpusError: no manifest, or a damaged one; an index of another pack.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = read_manifest(folder)
        self.index = open_index(folder, len(self.manifest.pictures))
        self._maps: dict[int, np.memmap] = {}

    def __len__(self) -> int:
        """The number of pictures."""
        return len(self.index)

    def rows(self) -> tuple[Row, ...]:
        """What is known of every picture, in order."""
        return tuple(entry.row(k) for k, entry in enumerate(self.manifest.pictures))

    def picture(self, k: int) -> bytes:
        """The encoded bytes of picture k. Raises CorpusError, naming it, where they are not those of the manifest."""
        entry = self.manifest.pictures[k]
        place = self.index[k]
        offset, count = int(place["offset"]), int(place["bytes"])
        data = self._shard(int(place["shard"]))[offset : offset + count].tobytes()
        if hashlib.sha256(data).hexdigest() != entry.sha256:
            raise CorpusError(
                f"{self.folder}: the picture {entry.id!r} is damaged; `sfumato corpus pack --verify {self.folder}` "
                "names all that are: get the pack again"
            )
        return data

    def stream(self, positions: Sequence[int] | None = None) -> Iterator[bytes]:
        """All pictures, or those at these positions, one by one; a shard is let go of when the next one begins."""
        for k in range(len(self)) if positions is None else positions:
            number = int(self.index[k]["shard"])
            for other in [n for n in self._maps if n != number]:
                del self._maps[other]
            yield self.picture(k)

    def _shard(self, number: int) -> np.memmap:
        if number not in self._maps:
            if number >= len(self.manifest.shards):
                raise CorpusError(f"{self.folder}: its index names shard {number}, which is none; get the pack again")
            path = self.folder / self.manifest.shards[number]["name"]
            try:
                self._maps[number] = np.memmap(path, np.uint8, "r")
            except (OSError, ValueError) as error:
                raise CorpusError(f"{path} is missing or empty; get the pack again") from error
        return self._maps[number]


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a pack. Raises CorpusError where it is missing, damaged, or names files that no pack has."""
    try:
        data = (folder / NAME).read_bytes()
    except OSError as error:
        raise CorpusError(f"{folder} is no corpus pack: it has no {NAME} that can be read") from error
    manifest = from_bytes(data)
    for shard in manifest.shards:
        if not SHARD_NAME.fullmatch(str(shard.get("name"))):
            raise CorpusError(f"{folder / NAME} names a shard {shard.get('name')!r}; a pack has none of such a name")
    return manifest


def pack_files(folder: Path) -> list[Path]:
    """The manifest of a folder that is a corpus pack; none of any other."""
    path = folder / NAME
    try:
        with path.open("rb") as file:
            head = file.read(1024)  # keys are sorted: the format is the second one
    except OSError:
        return []
    return [path] if b'"format":"' + FORMAT[0].encode() + b'"' in head else []


def pack_table(folder: Path) -> Table:
    """The rows of a pack for training. Raises CorpusError as CorpusPack does."""
    pack = CorpusPack(folder)
    return Table(
        path=folder,
        kind="a corpus pack",
        rows=pack.rows(),
        skipped=tuple(Skipped(-1, one["id"], one["reason"]) for one in pack.manifest.left_out),
        named=True,
        pictures=lambda rows: pack.stream([row.position for row in rows]),
        merkle_root=pack.manifest.merkle_root,
    )
