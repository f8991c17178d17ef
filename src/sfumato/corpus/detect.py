"""Which format a file or folder of pictures is in, and why that is believed; then the reader of that format."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sfumato.corpus.classes import classes_table
from sfumato.corpus.files import SUFFIXES, files_in
from sfumato.corpus.folder import beside, folder_table
from sfumato.corpus.idx import NAME as IDX
from sfumato.corpus.idx import idx_files, idx_table
from sfumato.corpus.metadata import NAMES, lists_in, metadata_table
from sfumato.corpus.pack_read import pack_files, pack_table
from sfumato.corpus.parquet import parquet_files, parquet_folder_table, parquet_table
from sfumato.corpus.rows import Table
from sfumato.corpus.saved import saved_files, saved_table
from sfumato.corpus.shards import shard_files, shards_table
from sfumato.errors import CorpusError


@dataclass(frozen=True)
class Found:
    """A format's reader, and what showed that it is the one."""

    read: Callable[[Path], Table]
    why: str


FOLDERS: tuple[tuple[Callable[[Path], list[Path]], Callable[[Path], Table], str], ...] = (
    (pack_files, pack_table, "its manifest says that it is a corpus pack"),
    (saved_files, saved_table, "it holds Arrow files"),
    (lists_in, metadata_table, "a metadata file lists its pictures"),
    (shard_files, shards_table, "it holds tar files"),
    (parquet_files, parquet_folder_table, "it holds parquet files"),
    (idx_files, idx_table, "it holds IDX files of pictures"),
)
"""(what to look for, the reader, why), the most telling first."""


def read_corpus(path: Path) -> Table:
    """The rows of a corpus in whatever format it is. Raises CorpusError as detect and the readers do."""
    return detect(path).read(path)


def detect(path: Path) -> Found:
    """The format of a file or folder. Raises CorpusError where there is nothing, or nothing known."""
    if path.is_dir():
        return of_folder(path)
    if not path.exists():
        raise CorpusError(f"there is no corpus at {path}; give a .parquet or .tar file, or a folder of pictures")
    if path.suffix.lower() == ".tar":
        return Found(shards_table, "it is a tar file")
    if path.suffix.lower() in (".parquet", ".pq"):
        return Found(parquet_table, "it is a parquet file")
    if IDX.fullmatch(path.name):
        return Found(idx_table, "it is an IDX file of pictures")
    if path.name in NAMES:
        raise CorpusError(f"{path} lists pictures; give the folder it lies in, {path.parent}")
    raise CorpusError(
        f"{path} is no corpus that is known by its name; give a .parquet or .tar file, or a folder of pictures "
        "(an archive must be unpacked first)"
    )


def of_folder(folder: Path) -> Found:
    """The format of a folder, by what lies in it. Raises CorpusError where it holds no picture."""
    for look, read, why in FOLDERS:
        if look(folder):
            return Found(read, why)
    files = files_in(folder)
    if not files.names:
        raise CorpusError(
            f"{folder} holds no picture ({', '.join(SUFFIXES)}), and no metadata, parquet, tar or Arrow file; "
            "give a folder that does"
        )
    if any(beside(files, name) is not None for name in files.names):
        return Found(folder_table, "caption files lie beside them")
    if any("/" in name for name in files.names):
        return Found(classes_table, "its pictures lie in sub-folders, with no caption file beside any")
    return Found(folder_table, "none of them has a caption, and they lie in no class folders")
