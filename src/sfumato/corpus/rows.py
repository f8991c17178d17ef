"""One captioned picture of a corpus, without its pixels, and the table of them that every reader answers."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from sfumato.errors import CorpusError, UnavailableError

REQUIRED = ("id", "caption", "image")


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What is known of a picture. `position` is its place in the corpus; `split` is "train" or "val"."""

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
    """A row that was left out, and why. what: "unreadable", "no caption" or "no picture"."""

    position: int
    id: str
    reason: str
    what: str = "unreadable"


Pictures = Callable[[Sequence[Row]], Iterator[bytes]]
"""The bytes of some rows' pictures, one by one, both in the order of `position`; b"" where there are none."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Table:
    """The rows of one corpus, the rows left out, and the way to the pictures' bytes.

    kind: the format, for people. named: the data say themselves which rows are held out; where they do not, a share of
    them is (held_out.py). merkle_root: a pack's, which stands for all of it.
    """

    path: Path
    kind: str
    rows: tuple[Row, ...]
    skipped: tuple[Skipped, ...]
    named: bool
    pictures: Pictures
    merkle_root: str = ""


class Gathered:
    """Rows and skipped rows while a corpus is read."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.skipped: list[Skipped] = []

    def add(self, made: Row | Skipped) -> None:
        """One more of either."""
        if isinstance(made, Row):
            self.rows.append(made)
        else:
            self.skipped.append(made)

    def table(self, path: Path, kind: str, pictures: Pictures, *, named: bool = False) -> Table:
        """All of them; rows that are held out name the splits."""
        named = named or any(row.split != "train" for row in self.rows)
        return Table(
            path=path, kind=kind, rows=tuple(self.rows), skipped=tuple(self.skipped), named=named, pictures=pictures
        )


def arrow(module: str) -> ModuleType:
    """A module of pyarrow. Raises UnavailableError where it is not installed."""
    from importlib import import_module

    try:
        return import_module(module)
    except ImportError as error:
        raise UnavailableError(
            "reading a corpus needs pyarrow, which is not installed: pip install 'sfumato[train]'"
        ) from error


def read_columns(path: Path, names: Sequence[str]) -> dict[str, list[Any]]:
    """The columns of a parquet file in Glyphs' form that are among `names`, as Python lists.

    Raises CorpusError where the file cannot be read or lacks one of REQUIRED, UnavailableError without pyarrow.
    """
    parquet = arrow("pyarrow.parquet")
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
