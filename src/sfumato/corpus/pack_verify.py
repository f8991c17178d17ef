"""Every byte of a corpus pack against its manifest: what is damaged is named, picture by picture."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from sfumato.corpus.merkle import leaf
from sfumato.corpus.pack_card import CARD, data_card
from sfumato.corpus.pack_manifest import NAME, Entry, Manifest
from sfumato.corpus.pack_read import read_manifest
from sfumato.corpus.pack_shards import INDEX, RECORD
from sfumato.errors import CorpusError

Progress = Callable[[int, int], None]


def verify(folder: Path, progress: Progress | None = None) -> list[str]:
    """What is wrong with a pack, a line each; nothing where every bit is as it was written.

    Raises CorpusError where the folder has no manifest at all.
    """
    if not (folder / NAME).is_file():
        raise CorpusError(f"{folder} is no corpus pack: it has no {NAME}")
    try:
        manifest = read_manifest(folder)
    except CorpusError as error:
        return [str(error), *_damaged_lines(folder)]
    return [*_index(folder, manifest), *_shards(folder, manifest, progress), *_others(folder, manifest)]


def _damaged_lines(folder: Path) -> Iterator[str]:
    """Pictures whose lines in the manifest are not those that the index has the leaves of."""
    try:
        index = _records((folder / INDEX).read_bytes())
        _, _, rest = (folder / NAME).read_bytes().partition(b'"pictures":[\n')
        lines = rest.split(b"\n]")[0].split(b"\n")
    except OSError:
        return
    if len(lines) != len(index):
        return
    for k, (line, record) in enumerate(zip(lines, index, strict=True)):
        text = line.removesuffix(b",") if k < len(lines) - 1 else line
        if leaf(text) != record["leaf"].tobytes():
            yield f"{NAME}: the line of picture {k} ({_id_in(text)}) is damaged"


def _records(data: bytes) -> np.ndarray:
    """The index's whole records."""
    return np.frombuffer(data[: len(data) // RECORD.itemsize * RECORD.itemsize], RECORD)


def _id_in(line: bytes) -> str:
    try:
        return repr(json.loads(line)["id"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return "its id cannot be read"


def _index(folder: Path, manifest: Manifest) -> Iterator[str]:
    """The index against the manifest: its hash, then each record."""
    try:
        data = (folder / INDEX).read_bytes()
    except OSError:
        yield f"{INDEX} is missing"
        return
    if hashlib.sha256(data).hexdigest() == manifest.index_sha256:
        return
    yield f"{INDEX} is damaged: its SHA-256 is not that of {NAME}"
    index = _records(data)
    if len(index) != len(manifest.pictures):
        return
    for (shard, offset), entry, record in zip(_places(manifest), manifest.pictures, index, strict=True):
        if (shard, entry.size, offset, entry.leaf) != (
            *(int(record[name]) for name in ("shard", "bytes", "offset")),
            record["leaf"].tobytes(),
        ):
            yield f"{INDEX}: the record of the picture {entry.id!r} is damaged"


def _places(manifest: Manifest) -> Iterator[tuple[int, int]]:
    """(shard, offset) of each picture, from sizes alone: pictures lie end to end, a shard begins where one is full."""
    shard = offset = 0
    for entry in manifest.pictures:
        if shard < len(manifest.shards) and offset == manifest.shards[shard]["bytes"]:
            shard, offset = shard + 1, 0
        yield shard, offset
        offset += entry.size


def _shards(folder: Path, manifest: Manifest, progress: Progress | None) -> Iterator[str]:
    """Every shard's bytes: the pictures in it one by one, then whether anything follows them."""
    inside: dict[int, list[tuple[int, Entry]]] = defaultdict(list)
    for (number, offset), entry in zip(_places(manifest), manifest.pictures, strict=True):
        inside[number].append((offset, entry))
    done = 0
    for number, shard in enumerate(manifest.shards):
        here = inside[number]
        try:
            data = np.memmap(folder / shard["name"], np.uint8, "r")
        except (OSError, ValueError):
            yield f"{shard['name']} is missing or empty: it holds {', '.join(repr(e.id) for _, e in here)}"
            data = None
        for offset, entry in here:
            if data is not None and _sha256(data[offset : offset + entry.size]) != entry.sha256:
                yield f"{shard['name']}: the picture {entry.id!r} is damaged"
            done += 1
            if progress is not None and done % 64 == 0:
                progress(done, len(manifest.pictures))
        if data is not None and len(data) != shard["bytes"]:
            yield f"{shard['name']} has {len(data)} bytes, not {shard['bytes']}"


def _others(folder: Path, manifest: Manifest) -> Iterator[str]:
    """The card, and files that are no part of the pack."""
    card = folder / CARD
    if not card.is_file() or card.read_bytes() != data_card(manifest).encode():
        yield f"{CARD} is not the one that {NAME} gives"
    known = {NAME, INDEX, CARD, *(shard["name"] for shard in manifest.shards)}
    for path in sorted(folder.iterdir()):
        if path.name not in known:
            yield f"{path.name} is no part of the pack"


def _sha256(data: np.ndarray) -> str:
    return hashlib.sha256(data.tobytes()).hexdigest()
