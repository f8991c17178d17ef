"""A Hugging Face dataset as save_to_disk leaves it: a folder of Arrow files with dataset_info.json, read by pyarrow."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sfumato.corpus.columns import Part, columnar_table
from sfumato.corpus.fields import SPLITS
from sfumato.corpus.parquet import damaged, guarded, named_columns, split_by_name
from sfumato.corpus.rows import Table, arrow
from sfumato.errors import CorpusError


def saved_files(folder: Path) -> list[Path]:
    """The Arrow files of a saved dataset, or of one with a folder for each split."""
    found = sorted({*folder.glob("*.arrow"), *folder.glob("*/*.arrow")})
    return [path for path in found if not path.name.startswith((".", "cache-"))]


def saved_table(folder: Path) -> Table:
    """The rows of a saved dataset. Raises CorpusError where a file is damaged or lacks a picture or a caption."""
    parts = [arrow_part(path, split_said(path, folder)) for path in saved_files(folder)]
    if not parts:
        raise CorpusError(f"{folder} says that it is a saved dataset, but holds no .arrow file; save it again")
    return columnar_table(folder, f"a Hugging Face dataset in Arrow files ({len(parts)})", parts)


def split_said(path: Path, folder: Path) -> str:
    """The split that the file's state.json names, or its folder, or its own name."""
    try:
        said = json.loads((path.parent / "state.json").read_text("utf-8")).get("_split")
    except (OSError, ValueError, AttributeError, RecursionError):
        said = None
    return SPLITS.get(str(said).lower(), "") or split_by_name(path, folder)


def arrow_part(path: Path, split: str) -> Part:
    """A file of Arrow's stream format, or of its file format."""
    pyarrow, ipc = arrow("pyarrow"), arrow("pyarrow.ipc")

    def opened(source: Any) -> Any:
        try:
            return ipc.open_stream(source)
        except pyarrow.ArrowInvalid:
            return ipc.open_file(source)

    def read(names: Sequence[str]) -> Iterator[Any]:
        with pyarrow.OSFile(str(path)) as source:
            reader = opened(source)
            whole = (
                reader
                if hasattr(reader, "read_next_batch")
                else map(reader.get_batch, range(reader.num_record_batches))
            )
            for batch in whole:
                batch.validate(full=True)  # a damaged offset would otherwise be followed out of the buffer
                for start in range(0, batch.num_rows, 64):
                    yield batch.select(list(names)).slice(start, 64).to_pydict()

    try:
        with pyarrow.OSFile(str(path)) as source:
            schema = named_columns(opened(source).schema)
    except Exception as error:  # pyarrow raises a family of types, OSError and plain ValueError among them
        raise damaged(path, "Arrow") from error
    return Part(path=path, split=split, schema=schema, batches=guarded(path, "Arrow", read))
