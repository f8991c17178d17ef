"""Which columns of a parquet or Arrow file hold the picture, its caption and its id; and rows read from them."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sfumato.corpus.fields import CAPTIONS, KEYWORDS, TEXT, row_of
from sfumato.corpus.rows import Gathered, Pictures, Row, Skipped, Table
from sfumato.errors import CorpusError

IMAGES = ("image", "img", "picture", "jpg", "png", "webp")


@dataclass(frozen=True, kw_only=True)
class Part:
    """One file of a columnar corpus: its split by its name (or ""), its schema, and a way to batches of columns."""

    path: Path
    split: str
    schema: Any
    batches: Callable[[Sequence[str]], Iterator[Mapping[str, list[Any]]]]


def columnar_table(path: Path, kind: str, parts: Sequence[Part]) -> Table:
    """The rows of one or more files with the same columns; `path` is the corpus they make.

    A row without an id is called by its number, and by its file where there are several. The data name the held-out
    rows where they have a column "split", or files of another split than train. Raises CorpusError where a file lacks a
    picture or a caption.
    """
    gathered = Gathered()
    counts: list[int] = []
    for part in parts:
        classes = classes_of(part.schema)
        wanted = [n for n in ("id", "split", *CAPTIONS, *KEYWORDS, *TEXT) if n in part.schema.names]
        image_column(part)
        start, stem = sum(counts), f"{part.path.relative_to(path).as_posix()}:" if len(parts) > 1 else ""
        counts.append(0)
        for batch in part.batches(wanted or [image_column(part)]):
            for k in range(len(next(iter(batch.values())))):
                values = {name: column[k] for name, column in batch.items()}
                position, number = start + counts[-1], counts[-1]
                counts[-1] += 1
                gathered.add(row_from(position, f"{stem}{number}", values, classes, part.split))
    named = any("split" in part.schema.names for part in parts)
    return gathered.table(path, kind, pictures_of(parts, counts), named=named)


def row_from(
    position: int, name: str, values: Mapping[str, Any], classes: Mapping[str, Sequence[str]], split: str
) -> Row | Skipped:
    """One row; numbers of classes become the classes' names."""
    if "id" in values:
        if values["id"] in (None, ""):
            return Skipped(position, name, "it has no id")
        name = str(values["id"])
    words = dict(values)
    for column, labels in classes.items():
        number = values.get(column)
        if isinstance(number, int) and 0 <= number < len(labels):
            words[column] = labels[number].replace("_", " ")
    return row_of(position, name, words, split)


def image_column(part: Part) -> str:
    """The column of pictures. Raises CorpusError where there is none, or no caption beside it."""
    names = part.schema.names
    found = [name for name in IMAGES if name in names]
    lacking = "image" if not found else "" if set(CAPTIONS) & set(names) else "caption"
    if lacking:
        others = ", ".join((IMAGES if lacking == "image" else CAPTIONS)[1:])
        raise CorpusError(
            f"{part.path} lacks the column {lacking!r} (or one of {others}); it has {', '.join(names) or 'none'}"
        )
    return found[0]


def classes_of(schema: Any) -> dict[str, tuple[str, ...]]:
    """The class names of label columns, as Hugging Face datasets writes them into a schema."""
    try:
        features = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))["info"]["features"]
        return {
            column: tuple(map(str, feature["names"]))
            for column, feature in features.items()
            if isinstance(feature, dict) and isinstance(feature.get("names"), list)
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def pictures_of(parts: Sequence[Part], counts: Sequence[int]) -> Pictures:
    """The way to the pictures: the files' image columns are read through in order, a batch in memory at a time."""

    def pictures(rows: Sequence[Row]) -> Iterator[bytes]:
        wanted = iter(rows)
        row = next(wanted, None)
        position = 0
        for part, count in zip(parts, counts, strict=True):
            if row is None or row.position >= position + count:
                position += count
                continue
            column = image_column(part)
            for batch in part.batches([column]):
                for image in batch[column]:
                    if row is not None and row.position == position:
                        yield plain(image)
                        row = next(wanted, None)
                    position += 1

    return pictures


def plain(image: object) -> bytes:
    """Pictures are stored as bytes, or as {"bytes": ..., "path": ...}."""
    if isinstance(image, dict):
        image = image.get("bytes")
    return image if isinstance(image, bytes) else b""
