"""Parquet files with a column of pictures as a corpus: one file, or the files of a Hugging Face dataset's folder."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sfumato.corpus.columns import Part, columnar_table
from sfumato.corpus.fields import SPLITS
from sfumato.corpus.rows import Table, arrow
from sfumato.errors import CorpusError

BATCH = 64


def parquet_table(path: Path) -> Table:
    """The rows of one parquet file. Raises CorpusError where it cannot be read, UnavailableError without pyarrow."""
    return columnar_table(path, "a parquet file", [parquet_part(path, "")])


def parquet_files(folder: Path) -> list[Path]:
    """The parquet files of a dataset's folder: in it, in data/, or one folder further down."""
    found = sorted({*folder.glob("*.parquet"), *folder.glob("data/**/*.parquet"), *folder.glob("*/*.parquet")})
    return [path for path in found if path.is_file() and not path.name.startswith(".")]


def parquet_folder_table(folder: Path) -> Table:
    """The rows of all parquet files of a folder; a file's split is the word that its name begins with."""
    parts = [parquet_part(path, split_by_name(path, folder)) for path in parquet_files(folder)]
    return columnar_table(folder, f"parquet files ({len(parts)})", parts)


def split_by_name(path: Path, folder: Path) -> str:
    """The split of a file by its first word or its folder: test-00000-of-00001.parquet and test/0.parquet say test."""
    words = [path.stem.split("-")[0].split("_")[0], *path.relative_to(folder).parts[:-1][::-1]]
    return next((SPLITS[word.lower()] for word in words if word.lower() in SPLITS), "")


def parquet_part(path: Path, split: str) -> Part:
    """A file opened; its columns are read when they are asked for."""
    parquet = arrow("pyarrow.parquet")
    if not path.is_file():
        raise CorpusError(f"there is no corpus at {path}; give a .parquet file or a folder of pictures")
    try:
        schema = named_columns(parquet.read_schema(path))
    except Exception as error:  # pyarrow raises a family of types, OSError and plain ValueError among them
        raise damaged(path, "parquet") from error

    def read(names: Sequence[str]) -> Iterator[Any]:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=BATCH, columns=list(names)):
                yield batch.to_pydict()

    return Part(path=path, split=split, schema=schema, batches=guarded(path, "parquet", read))


def named_columns(schema: Any) -> Any:
    """The schema as it is. Raises UnicodeDecodeError where the columns' names, read first here, are no text."""
    list(schema.names)
    return schema


def guarded(
    path: Path, kind: str, read: Callable[[Sequence[str]], Iterator[Any]]
) -> Callable[[Sequence[str]], Iterator[Any]]:
    """`read`, whose every error says that the file is damaged."""

    def batches(names: Sequence[str]) -> Iterator[Any]:
        try:
            yield from read(names)
        except Exception as error:  # as above
            raise damaged(path, kind) from error

    return batches


def damaged(path: Path, kind: str) -> CorpusError:
    """The error for a file that pyarrow refuses."""
    return CorpusError(f"{path} cannot be read as {kind}: it is damaged, or another kind of file")
