"""A plain folder as a corpus: a.png with its caption in a.txt or a.json beside it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sfumato.corpus.fields import caption_of, row_of
from sfumato.corpus.files import BESIDE, SUFFIXES, Files, files_in, gathering, reader, split_of, text_of
from sfumato.corpus.rows import Skipped, Table
from sfumato.errors import CorpusError

NO_CAPTIONS = (
    "readme", "license", "licence", "notice", "attribution", "copying", "credits", "classes", "labels", "package",
    "manifest", "config", "metadata", "dataset_info",
)  # fmt: skip
"""Names of text files that caption no picture and are not missed."""
LIMIT = 64 << 10
"""Bytes of a caption file that are read."""


def folder_table(folder: Path) -> Table:
    """The pictures of a folder and its sub-folders in name order, captioned by the files of the same names beside them.

    a.txt holds the caption in its first line and keywords, separated by commas, in its second. a.json holds an object
    with the caption (fields.CAPTIONS) and perhaps keywords, style_phrase and others of a Row. Pictures without caption
    and captions without picture are left out and listed. A topmost folder called val, test or the like is held out.
    Raises CorpusError where there is no picture.
    """
    files = files_in(folder)
    if not files.names:
        raise CorpusError(f"{folder} holds no picture ({', '.join(SUFFIXES)})")
    gathered = gathering(files)
    for position, name in enumerate(files.names):
        values = beside(files, name)
        if values is None or isinstance(values, str):
            reason = values or f"it has no caption: write one to {Path(name).with_suffix('.txt')}"
            gathered.add(Skipped(position, name, reason, "no caption"))
            continue
        gathered.add(row_of(position, name, values, split_of(name)))
    for name in orphans(files):
        gathered.add(Skipped(-1, name, "a caption without a picture: there is none of this name", "no picture"))
    return gathered.table(folder, "a folder of pictures", reader(folder, files.names))


def beside(files: Files, name: str) -> Mapping[str, Any] | str | None:
    """The fields in the file beside a picture (a.txt, a.caption, a.json, a.png.txt ...); None where none holds any.

    Where the only ones that are there cannot be read, the reason.
    """
    stem = name.rpartition(".")[0]
    reason: str | None = None
    for file in (files.captions.get(start + suffix) for suffix in BESIDE for start in (stem, name)):
        try:
            found = fields_in(files.folder / file) if file else None
        except CorpusError as error:
            reason = reason or f"its caption file {file} {error}"
        else:
            if found is not None:
                return found
    return reason


def fields_in(path: Path) -> Mapping[str, Any] | None:
    """The fields in a caption file; None where it is empty. Raises CorpusError that says what the file is instead."""
    text = text_of(path, LIMIT)
    if not text.strip():
        return None
    return from_json(text) if path.suffix.lower() == ".json" else from_lines(text)


def orphans(files: Files) -> list[str]:
    """The .txt and .caption files that lie beside no picture, and the .json files that hold a caption."""
    stems = {name.rpartition(".")[0] for name in files.names} | set(files.names)
    lost = [file for start, file in files.captions.items() if start.rpartition(".")[0] not in stems]
    return sorted(file for file in lost if Path(file).stem.lower() not in NO_CAPTIONS and captions(files.folder / file))


def captions(path: Path) -> bool:
    """Whether a file is there for a caption: a .json file may be there for anything else."""
    try:
        return path.suffix.lower() != ".json" or bool(caption_of(fields_in(path) or {}))
    except CorpusError:
        return False


def from_lines(text: str) -> Mapping[str, Any]:
    """The first line that holds text, and the keywords in the second."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return {"caption": lines[0], "keywords": lines[1] if len(lines) > 1 else ""}


def from_json(text: str) -> Mapping[str, Any]:
    """An object's fields, or a bare text as the caption. Raises CorpusError where it is no JSON."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CorpusError(f"is no JSON of at most {LIMIT:,} bytes: mend it") from error
    return value if isinstance(value, dict) else {"caption": value}
