"""The picture files of a folder, in name order, and their bytes; what looks like a picture but is not read is named."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sfumato.corpus.fields import SPLITS
from sfumato.corpus.rows import Gathered, Pictures, Row, Skipped
from sfumato.errors import CorpusError

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".jfif", ".apng")
OTHERS = (".svg", ".svgz", ".tif", ".tiff", ".avif", ".heic", ".heif", ".jxl", ".psd", ".eps", ".ai", ".ico", ".jp2")
"""Suffixes of pictures that are not read: such files are opened all the same, to be named with their reason."""
BESIDE = (".txt", ".caption", ".json")
"""Suffixes of caption files, the first of which that holds text is taken."""
MAX_BYTES = 128 << 20


@dataclass(frozen=True)
class Files:
    """A folder's picture files, relative to it and with "/", in order; caption files; and what could not be opened.

    captions: by their names with the suffix in small letters, as A.TXT is a caption file too.
    """

    folder: Path
    names: tuple[str, ...]
    captions: Mapping[str, str]
    closed: tuple[str, ...]


def files_in(folder: Path) -> Files:
    """All picture files below a folder; hidden ones and __MACOSX are passed over, links to folders not followed."""
    names: list[str] = []
    captions: list[str] = []
    closed: list[str] = []

    def note(error: OSError) -> None:
        closed.append(os.path.relpath(error.filename or folder, folder))

    for place, folders, files in os.walk(folder, onerror=note):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__MACOSX")))
        for name in files:
            path = Path(place, name)
            suffix = path.suffix.lower()
            if name.startswith(".") or suffix not in SUFFIXES + OTHERS + BESIDE or not path.is_file():
                continue
            (captions if suffix in BESIDE else names).append(path.relative_to(folder).as_posix())
    found = {name.rpartition(".")[0] + Path(name).suffix.lower(): name for name in sorted(captions)}
    return Files(folder, tuple(sorted(names)), found, tuple(closed))


def gathering(files: Files) -> Gathered:
    """Where the rows of a folder's files are gathered, the folders that cannot be opened being noted already."""
    gathered = Gathered()
    for name in files.closed:
        gathered.add(Skipped(-1, name, "this folder cannot be opened: change its permissions"))
    return gathered


def split_of(name: str) -> str:
    """The split that a file's topmost folder names ("val/cat.png"); empty where it names none."""
    top, _, rest = name.partition("/")
    return SPLITS.get(top.lower(), "") if rest else ""


def bytes_of(path: Path) -> bytes:
    """A file's bytes; empty where it cannot be read, is no plain file, or is beyond MAX_BYTES."""
    try:
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            return b""
        return path.read_bytes()
    except (OSError, ValueError):
        return b""


def text_of(path: Path, limit: int) -> str:
    """The beginning of a text file, NULs removed; empty where it is missing.

    Raises CorpusError, which says what the file is, where it cannot be read or is not UTF-8.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limit)
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise CorpusError("cannot be read: change its permissions") from error
    try:
        return data.decode("utf-8-sig").replace("\x00", "")
    except UnicodeDecodeError as error:
        whole = len(data) == limit and error.start >= limit - 3  # a character cut in two by the limit
        if not whole:
            raise CorpusError("is not UTF-8: save it as UTF-8") from error
        return data[: error.start].decode("utf-8-sig").replace("\x00", "")


def reader(folder: Path, names: Sequence[str]) -> Pictures:
    """The way to pictures that are files, row `position` being the file names[position]."""

    def pictures(rows: Sequence[Row]) -> Iterator[bytes]:
        return (bytes_of(folder / names[row.position]) for row in rows)

    return pictures
