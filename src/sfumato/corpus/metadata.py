"""Pictures listed in metadata.jsonl or metadata.csv, the imagefolder convention, as a corpus."""

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sfumato.corpus.fields import CAPTIONS, row_of
from sfumato.corpus.files import files_in, gathering, reader, split_of
from sfumato.corpus.rows import Row, Skipped, Table
from sfumato.errors import CorpusError

NAMES = ("metadata.jsonl", "metadata.csv")
LINE = 8 << 20
"""Characters of one line, or of one field of a CSV file, that are read."""


def lists_in(folder: Path) -> list[Path]:
    """The metadata files of a folder: its own, and those of the folders in it (train/, test/)."""
    return sorted(path for name in NAMES for path in (*folder.glob(name), *folder.glob(f"*/{name}")) if path.is_file())


def metadata_table(folder: Path) -> Table:
    """The pictures that metadata files list: file_name is relative to the list, the caption is one of fields.CAPTIONS.

    Entries whose file is missing or lies outside of the folder, and pictures that no list names, are left out and
    listed. Raises CorpusError where a list lacks file_name altogether.
    """
    files = files_in(folder)
    present = set(files.names)
    names: list[str] = []
    gathered = gathering(files)
    for path in lists_in(folder):
        place = path.parent.relative_to(folder)
        for where, values in entries(path):
            name, reason = named(values, place, present)
            made: Row | Skipped = Skipped(len(names), name or f"{place / path.name}:{where}", reason, "no picture")
            if not reason:
                made = row_of(len(names), name, values, split_of(name))
            names.append(name)
            gathered.add(made)
    for name in sorted(present - set(names)):
        gathered.add(Skipped(-1, name, "it has no caption: no metadata file lists it", "no caption"))
    return gathered.table(folder, "pictures listed in metadata files", reader(folder, names))


def named(values: Mapping[str, Any], place: Path, present: set[str]) -> tuple[str, str]:
    """The picture's name in the folder, and what is wrong with it."""
    given = values.get("file_name")
    if not isinstance(given, str) or not given.strip():
        return "", "this line names no file_name" if values else "this line cannot be read"
    parts = [part for part in (*place.parts, *given.replace("\\", "/").split("/")) if part not in ("", ".")]
    name = "/".join(parts)
    if given.startswith("/") or ".." in parts:
        return name, "its file_name leads out of the folder: only files inside are read"
    return name, "" if name in present else "a caption without a picture: there is no such file"


def entries(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """(line number, fields); no fields where a line cannot be read."""
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            yield from (from_csv if path.suffix == ".csv" else from_jsonl)(file)
    except (OSError, csv.Error) as error:
        raise CorpusError(f"{path} cannot be read: {error}") from error


def from_jsonl(lines: Iterator[str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """One object a line."""
    for where, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line[:LINE])
        except (ValueError, RecursionError):
            value = None
        yield where, value if isinstance(value, dict) else {}


def from_csv(lines: Iterator[str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """A header, then one entry a record. Raises CorpusError where the header lacks what is needed."""
    where = 0

    def counted() -> Iterator[str]:
        nonlocal where  # csv does not count a line that it cannot read
        for line in lines:
            where += 1
            yield line.replace("\x00", "")

    reader = csv.DictReader(counted())
    header = reader.fieldnames or []
    if "file_name" not in header or not set(CAPTIONS) & set(header):
        raise CorpusError(f"metadata.csv has the columns {list(header)}; it needs file_name and one of {CAPTIONS}")
    while (values := record(reader)) is not None:
        yield where, {key: value for key, value in values.items() if isinstance(key, str)}


def record(reader: csv.DictReader) -> Mapping[Any, Any] | None:
    """The next record, its fields up to LINE characters long; empty where one is longer, None at the end.

    csv has one limit for the whole process, 131,072 characters: it is another for this one record.
    """
    before = csv.field_size_limit(LINE)
    try:
        return next(reader, None)
    except csv.Error:
        return {}
    finally:
        csv.field_size_limit(before)
