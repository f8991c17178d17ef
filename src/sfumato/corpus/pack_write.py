"""Any corpus in, a corpus pack out: one pass over the pictures, whole or not there.

PACK/manifest.json  index.bin  00000-....bin ...  DATA_CARD.md

The same corpus gives the same bytes. A run that is interrupted leaves no pack, only a folder whose name begins with a
dot; the next run begins anew.
"""

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path

from sfumato.atomic import new_folder, write_durably
from sfumato.corpus.attempts import Progress, attempts
from sfumato.corpus.pack_card import CARD, data_card
from sfumato.corpus.pack_manifest import NAME, Entry, Manifest
from sfumato.corpus.pack_picture import Encoding, Packed, packed
from sfumato.corpus.pack_shards import INDEX, SHARD, ShardWriter, index_of
from sfumato.corpus.pack_split import Kept, Splitting
from sfumato.corpus.rows import Row, Table
from sfumato.errors import CorpusError

THREADS = 2


@dataclass(frozen=True, kw_only=True)
class Packing:
    """How a pack is made.

    encoding: the bytes as given, or each picture anew as lossless WebP. shard: bytes of a shard at most.
    """

    splitting: Splitting = field(default_factory=Kept)
    encoding: Encoding = "as given"
    shard: int = SHARD


def write_corpus_pack(table: Table, out: Path, packing: Packing, progress: Progress | None = None) -> Manifest:
    """Write a corpus as a pack. Rows whose picture cannot be decoded are left out and listed; so are duplicates.

    A duplicate has the decoded pixels of an earlier row, whatever its caption. Raises CorpusError where nothing is
    left, OutputError where `out` exists or cannot be written.
    """
    with new_folder(out) as part:
        shards = ShardWriter(part, packing.shard)
        try:
            kept, tally = _store(table, shards, packing.encoding, progress)
            if not kept:
                raise CorpusError(f"{table.path} holds no usable picture: {len(tally.left_out)} rows were left out")
            rows = packing.splitting([row for row, _ in kept])
            entries = tuple(replace(entry, split=row.split) for row, (_, entry) in zip(rows, kept, strict=True))
            listed = shards.close()
            index = index_of(shards.places, [entry.leaf for entry in entries])
        finally:
            shards.abandon()
        manifest = Manifest(
            name=table.path.stem,
            encoding=packing.encoding,
            pictures=entries,
            split=packing.splitting.describe(),
            repeats=tally.repeats,
            left_out=tally.left_out,
            shards=listed,
            index_sha256=hashlib.sha256(index).hexdigest(),
        )
        write_durably(part / INDEX, index)
        write_durably(part / NAME, manifest.to_bytes())
        write_durably(part / CARD, data_card(manifest).encode())
    return manifest


@dataclass
class Tally:
    """What is not in the pack, and why."""

    repeats: list[dict[str, str]] = field(default_factory=list)
    left_out: list[dict[str, str]] = field(default_factory=list)


def _store(
    table: Table, shards: ShardWriter, encoding: Encoding, progress: Progress | None
) -> tuple[list[tuple[Row, Entry]], Tally]:
    """Put every new picture into the shards; only what the manifest says of it stays in memory."""
    kept: list[tuple[Row, Entry]] = []
    tally = Tally(left_out=[{"id": one.id, "reason": one.reason} for one in table.skipped])
    first: dict[str, str] = {}
    names: set[str] = set()
    pictures = table.pictures(table.rows)
    for row, made in attempts(table.rows, pictures, lambda data: packed(data, encoding), progress, threads=THREADS):
        if isinstance(made, str) or row.id in names:
            reason = made if isinstance(made, str) else "an earlier row has the same id"
            tally.left_out.append({"id": row.id, "reason": reason})
            continue
        if made.pixels_sha256 in first:
            words = {"license": row.license, "source": row.source, "author": row.author}
            tally.repeats.append({"id": row.id, "same_as": first[made.pixels_sha256], **words})
            continue
        try:
            shards.add(made.data)
        except CorpusError as error:
            tally.left_out.append({"id": row.id, "reason": str(error)})
            continue
        first[made.pixels_sha256] = row.id
        names.add(row.id)
        kept.append((row, _entry(row, made)))
    return kept, tally


def _entry(row: Row, made: Packed) -> Entry:
    texts = ("id", "caption", "style", "style_phrase", "split", "concept", "family", "license", "source", "author")
    return Entry(
        **{name: getattr(row, name) for name in texts},
        keywords=row.keywords,
        size=len(made.data),
        width=made.width,
        height=made.height,
        sha256=hashlib.sha256(made.data).hexdigest(),
        pixels_sha256=made.pixels_sha256,
    )
