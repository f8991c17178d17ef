"""A plain folder as a corpus: a.png with its caption in a.txt or a.json beside it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sfumato.corpus.fields import row_of
from sfumato.corpus.files import BESIDE, SUFFIXES, Files, files_in, gathering, reader, split_of, text_of
from sfumato.corpus.rows import Skipped, Table
from sfumato.errors import CorpusError

NO_CAPTIONS = ("readme", "license", "licence", "notice", "attribution", "copying", "credits", "classes", "labels")
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
        if values is None:
            reason = f"it has no caption: write one to {Path(name).with_suffix('.txt')}"
            gathered.add(Skipped(position, name, reason, "no caption"))
            continue
        gathered.add(row_of(position, name, values, split_of(name)))
    for name in orphans(files):
        gathered.add(Skipped(-1, name, "a caption without a picture: there is none of this name", "no picture"))
    return gathered.table(folder, "a folder of pictures", reader(folder, files.names))


def beside(files: Files, name: str) -> Mapping[str, Any] | None:
    """The fields in the file beside a picture (a.txt, a.caption, a.json, a.png.txt ...); None where none holds any."""
    stem = name.rpartition(".")[0]
    for suffix in BESIDE:
        for file in (stem + suffix, name + suffix):
            text = text_of(files.folder / file, LIMIT) if file in files.captions else ""
            if text.strip():
                return from_json(text) if suffix == ".json" else from_lines(text)
    return None


def orphans(files: Files) -> list[str]:
    """The .txt and .caption files that lie beside no picture."""
    stems = {name.rpartition(".")[0] for name in files.names} | set(files.names)
    return sorted(
        file
        for file in files.captions
        if not file.endswith(".json")
        and file.rpartition(".")[0] not in stems
        and Path(file).stem.lower() not in NO_CAPTIONS
    )


def from_lines(text: str) -> Mapping[str, Any]:
    """The first line that holds text, and the keywords in the second."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return {"caption": lines[0], "keywords": lines[1] if len(lines) > 1 else ""}


def from_json(text: str) -> Mapping[str, Any]:
    """An object's fields, or a bare text as the caption; none where it is no JSON."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {"caption": value}
