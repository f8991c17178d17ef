"""One captioned picture of a corpus, without its pixels, and how a table of them is read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sfumato.errors import CorpusError, UnavailableError

REQUIRED = ("id", "caption", "image")
TEXT = ("id", "caption", "style", "style_phrase", "split", "concept", "family", "license", "source", "author")


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What is known of a picture. `position` is its place in the file; `split` is "train" or "val"."""

    position: int
    id: str
    caption: str
    keywords: tuple[str, ...] = ()
    style: str = ""
    style_phrase: str = ""
    split: str = "train"
    concept: str = ""
    family: str = ""
    license: str = ""
    source: str = ""
    author: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that was left out, and why."""

    position: int
    id: str
    reason: str


@dataclass(frozen=True)
class Table:
    """The rows of one corpus file, the rows left out, and where the pictures' bytes are."""

    path: Path
    rows: tuple[Row, ...]
    skipped: tuple[Skipped, ...]


def read_table(path: Path) -> Table:
    """The rows of a parquet file with the Glyphs columns (id, caption and image are required, the others optional).

    Rows without an id or a caption are left out and listed. Raises CorpusError where the file cannot be read or lacks a
    required column, UnavailableError where pyarrow is not installed.
    """
    columns = read_columns(path, (*TEXT, "keywords"))
    rows: list[Row] = []
    skipped: list[Skipped] = []
    for position in range(len(columns["id"])):
        values = {name: column[position] for name, column in columns.items()}
        reason = fault(values)
        if reason:
            skipped.append(Skipped(position, str(values["id"]), reason))
            continue
        words = tuple(w for w in values.pop("keywords", None) or () if isinstance(w, str) and w.strip())
        texts = {name: value if isinstance(value, str) else "" for name, value in values.items()}
        texts["split"] = texts.get("split") or "train"
        rows.append(Row(position=position, keywords=words, **texts))
    return Table(path, tuple(rows), tuple(skipped))


def fault(values: Mapping[str, Any]) -> str:
    """Why a row cannot be used; empty where it can."""
    if not isinstance(values["id"], str) or not values["id"]:
        return "it has no id"
    caption = values["caption"]
    if not isinstance(caption, str) or not caption.strip():
        return "it has no caption"
    if "\x00" in caption or len(caption) > 10_000:
        return "its caption holds a NUL or is longer than 10,000 characters"
    return ""


def read_columns(path: Path, names: Sequence[str]) -> dict[str, list[Any]]:
    """The columns of a parquet file that are among `names`, as Python lists. Raises as read_table does."""
    try:
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise UnavailableError(
            "reading a corpus needs pyarrow, which is not installed: pip install 'sfumato[train]'"
        ) from error
    if not path.is_file():
        raise CorpusError(f"there is no corpus at {path}; give a .parquet file or a folder of pictures")
    try:
        present = parquet.read_schema(path).names
        missing = [name for name in REQUIRED if name not in present]
        if missing:
            raise CorpusError(f"{path} lacks the column {missing[0]!r}; a corpus needs {', '.join(REQUIRED)}")
        return parquet.read_table(path, columns=[n for n in names if n in present]).to_pydict()
    except CorpusError:
        raise
    except Exception as error:  # pyarrow raises a family of types, OSError and plain ValueError among them
        raise CorpusError(f"{path} cannot be read as parquet: it is damaged, or another kind of file") from error
