"""What a corpus holds, as one hash; and each picture's own, by which a part is held out where the data name none."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from sfumato.corpus.held_out import with_held_out
from sfumato.corpus.kind import kind_of
from sfumato.corpus.rows import Row, Table
from sfumato.errors import CorpusError


def settled(table: Table) -> tuple[Table, str]:
    """The table with every row's split settled, and the hash of its content.

    The hash is the sha256 of a corpus that is one file; of any other, of its rows' words and pictures in their order.
    Where a part is held out by content, the hash says so.
    """
    if table.named and table.path.is_file():
        return table, file_hash(table.path)
    contents = list(picture_hashes(table))
    whole = file_hash(table.path) if table.path.is_file() else rows_hash(table.rows, contents)
    if table.named:
        return table, whole
    return with_held_out(table, contents), hashlib.sha256(f"held out {whole}".encode()).hexdigest()


def file_hash(path: Path) -> str:
    """The sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def picture_hashes(table: Table) -> Iterator[str]:
    """The sha256 of each row's picture; empty where its first bytes are no picture's."""
    for data in table.pictures(table.rows):
        try:
            kind_of(data)
        except CorpusError:
            yield ""
        else:
            yield hashlib.sha256(data).hexdigest()


def rows_hash(rows: tuple[Row, ...], contents: list[str]) -> str:
    """The sha256 of the rows' words and of their pictures' hashes."""
    digest = hashlib.sha256()
    for row, content in zip(rows, contents, strict=True):
        digest.update(words(row, content) + b"\0\0")
    return digest.hexdigest()


def words(row: Row, content: str) -> bytes:
    """All of a row that decides what is trained on, and its picture's hash.

    style and family, where it has them, come behind the rest: rows without them have the keys they always had.
    """
    more = [f"{name}={value}" for name, value in (("style", row.style), ("family", row.family)) if value]
    said = (row.id, row.caption, *row.keywords, row.style_phrase, row.split, content, *more)
    return "\0".join(said).encode("utf-8", "surrogatepass")
