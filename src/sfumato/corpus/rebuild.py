"""Rows and packages in, a corpus file out: every picture drawn anew."""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from sfumato.atomic import write_file
from sfumato.corpus.draw import draw
from sfumato.corpus.rows import Skipped
from sfumato.corpus.upstream import Artwork
from sfumato.errors import CorpusError, UnavailableError

GROUP, THREADS = 64, 2


@dataclass(frozen=True, eq=False)
class Drawn:
    """A row with its pixels (straight alpha), or with the reason why it has none."""

    row: Mapping[str, Any]
    pixels: UInt8[np.ndarray, "h w 4"] | None
    reason: str = ""

    def left_out(self, position: int = -1) -> Skipped:
        """As a row that is left out."""
        return Skipped(position, self.row["id"], self.reason)


def redraw(
    rows: Sequence[Mapping[str, Any]],
    artwork: Mapping[str, Artwork],
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Drawn]:
    """Draw rows in their order; `artwork` is what each source holds. A row that cannot be drawn says why."""

    def attempt(row: Mapping[str, Any]) -> Drawn:
        try:
            return Drawn(row, draw(artwork[row["source"]], row["source_name"]))
        except CorpusError as error:
            return Drawn(row, None, str(error))

    waiting = iter(rows)
    done = 0
    with ThreadPoolExecutor(THREADS) as pool:
        while group := list(islice(waiting, GROUP)):
            yield from pool.map(attempt, group)
            done += len(group)
            if progress is not None:
                progress(done, len(rows))


def encoded(pixels: UInt8[np.ndarray, "h w 4"]) -> bytes:
    """Lossless WebP, every byte kept: those under alpha 0 too."""
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "WEBP", lossless=True, exact=True, method=4, quality=100)
    return data.getvalue()


def coverage(pixels: UInt8[np.ndarray, "h w 4"]) -> float:
    """The share of pixels with alpha above 127, to four digits: the column of that name."""
    return round(float((pixels[..., 3] > 127).mean()), 4)


def write_corpus(path: Path, drawn: Iterator[Drawn]) -> tuple[int, list[Skipped]]:
    """Write drawn rows as a corpus file with the columns of Glyphs v1, all of it or not at all.

    Answers the number of rows, and the rows left out. Raises UnavailableError without pyarrow, OutputError where the
    file cannot be written.
    """
    try:
        import pyarrow as arrow
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise UnavailableError(
            "writing a corpus needs pyarrow, which is not installed: pip install 'sfumato[corpus]'"
        ) from error
    rows: list[dict[str, Any]] = []
    skipped: list[Skipped] = []
    side = 0
    for position, one in enumerate(drawn):
        if one.pixels is None:
            skipped.append(one.left_out(position))
        else:
            side = side or len(one.pixels)
            rows.append({**one.row, "coverage": coverage(one.pixels), "image": encoded(one.pixels)})
    if not rows:
        raise CorpusError("no row could be drawn: " + (skipped[0].reason if skipped else "the list is empty"))
    about = {"size": str(side), "image": "lossless WebP, RGBA, straight alpha"}
    kinds = {int: arrow.int64(), float: arrow.float64(), bytes: arrow.binary(), list: arrow.list_(arrow.string())}
    fields = [(name, kinds.get(type(value), arrow.string())) for name, value in rows[0].items()]
    sink = io.BytesIO()
    parquet.write_table(arrow.Table.from_pylist(rows, arrow.schema(fields, about)), sink, compression="zstd")
    write_file(path, sink.getvalue())
    return len(rows), skipped
