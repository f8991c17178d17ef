"""WebDataset shards as a corpus: tar files in which 0001.jpg and 0001.txt are one picture and its caption.

Nothing is ever extracted: a member is its place and length in the file, and its name is only a name.
"""

import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sfumato.corpus.fields import SPLITS, row_of
from sfumato.corpus.files import MAX_BYTES, OTHERS, SUFFIXES
from sfumato.corpus.folder import LIMIT, from_json, from_lines
from sfumato.corpus.rows import Gathered, Row, Skipped, Table
from sfumato.errors import CorpusError


@dataclass
class Entry:
    """What one key of a shard has: where its picture's bytes are, the fields of its caption, or why there are none."""

    shard: Path
    offset: int = 0
    size: int = 0
    values: dict[str, Any] = field(default_factory=dict)
    fault: str = ""


def shard_files(folder: Path) -> list[Path]:
    """The tar files of a folder and of the folders in it (train/, test/)."""
    return sorted(path for path in {*folder.glob("*.tar"), *folder.glob("*/*.tar")} if path.is_file())


def shards_table(path: Path) -> Table:
    """The pictures of one tar file, or of a folder of them; captions from .txt, .caption or .json members.

    Keys with a picture and no caption, or a caption and no picture, are left out and listed, as is the rest of a shard
    behind a damaged place. Raises CorpusError where no shard can be read at all.
    """
    shards = [path] if path.is_file() else shard_files(path)
    home = path.parent if path.is_file() else path
    gathered = Gathered()
    places: list[Entry] = []
    for shard in shards:
        stem = f"{shard.relative_to(home).as_posix()}/" if len(shards) > 1 else ""
        found, fault = entries(shard)
        if fault:
            gathered.add(Skipped(-1, shard.name, fault))
        for key, entry in found.items():
            made = row_of(len(places), stem + key, entry.values, split_of_shard(shard, home))
            if not entry.size:
                reason = "a caption without a picture of the same name in the shard"
                made = Skipped(len(places), stem + key, reason, "no picture")
            elif entry.fault and not entry.values:
                made = Skipped(len(places), stem + key, entry.fault, "no caption")
            places.append(entry)
            gathered.add(made)
    if not places:
        reason = gathered.skipped[0].reason if gathered.skipped else "it is empty"
        raise CorpusError(f"{path} cannot be read as tar: {reason}")
    kind = f"{len(shards)} WebDataset shard{'s' if len(shards) != 1 else ''}"
    return gathered.table(path, kind, lambda rows: read(places, rows))


def split_of_shard(shard: Path, home: Path) -> str:
    """The split that a shard's name begins with ("test-000.tar"), or that its folder names."""
    words = (shard.stem.split("-")[0].split("_")[0], shard.parent.name if shard.parent != home else "")
    return next((SPLITS[word.lower()] for word in words if word.lower() in SPLITS), "")


def entries(shard: Path) -> tuple[Mapping[str, Entry], str]:
    """The shard's entries by key, and what is wrong with the file."""
    found: dict[str, Entry] = {}
    try:
        with tarfile.open(shard, "r:") as tar:
            for member in tar:
                if member.isreg() and not member.issparse():
                    take(tar, member, shard, found)
            end = tar.offset
        with shard.open("rb") as file:
            file.seek(end)
            if file.read(tarfile.BLOCKSIZE).strip(b"\0"):  # tarfile takes a damaged header for the end
                return found, f"damaged after {len(found)} entries: what follows there is lost; get it anew"
    except Exception as error:  # tarfile raises its own types, and OSError, ValueError and others on damaged headers
        reason = str(error) or type(error).__name__
        hint = "; a compressed one must be unpacked first" if not found else ""
        return found, f"damaged or no plain tar file after {len(found)} entries ({reason}){hint}"
    return found, ""


def take(tar: tarfile.TarFile, member: tarfile.TarInfo, shard: Path, found: dict[str, Entry]) -> None:
    """Note one member: a picture's place or a caption's text. The key is its name up to the first dot."""
    folder, slash, name = member.name.rpartition("/")
    key, dot, ending = name.partition(".")
    if not dot or not key:
        return
    suffix = "." + ending.rpartition(".")[2].lower()
    entry = found.get(folder + slash + key)
    if suffix in SUFFIXES + OTHERS:
        entry = found.setdefault(folder + slash + key, entry or Entry(shard))
        if not entry.size:
            entry.offset, entry.size = member.offset_data, member.size
    elif suffix in (".txt", ".caption", ".json") and (file := tar.extractfile(member)) is not None:
        entry = found.setdefault(folder + slash + key, entry or Entry(shard))
        text = file.read(LIMIT).decode("utf-8", "surrogateescape").replace("\x00", "")
        try:
            if text.strip():
                entry.values |= from_json(text) if suffix == ".json" else from_lines(text)
        except CorpusError as error:
            entry.fault = f"its caption file {member.name} {error}"


def read(places: Sequence[Entry], rows: Sequence[Row]) -> Iterator[bytes]:
    """The pictures' bytes; empty where a shard ends before them or cannot be opened any more."""
    file, current = None, None
    try:
        for row in rows:
            entry = places[row.position]
            if entry.shard != current:
                if file is not None:
                    file.close()
                try:
                    file, current = entry.shard.open("rb"), entry.shard
                except OSError:
                    file, current = None, None
            if file is None or entry.size > MAX_BYTES:
                yield b""
                continue
            file.seek(entry.offset)
            yield file.read(entry.size)
    finally:
        if file is not None:
            file.close()
