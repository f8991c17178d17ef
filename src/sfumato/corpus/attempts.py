"""One piece of work for every picture of a corpus, in threads: each row with what came of it, or why nothing did."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sfumato.corpus.opening import quietly
from sfumato.corpus.rows import Row
from sfumato.errors import CorpusError

Progress = Callable[[int, int], None]
"""Called with (done, total) while pictures are worked on."""

GROUP = 64
GROUP_BYTES = 16 << 20
"""Pictures, and bytes of them, that are in memory and worked on between two reports."""

T = TypeVar("T")


def attempts(
    rows: Sequence[Row],
    data: Iterable[bytes],
    work: Callable[[bytes], T],
    progress: Progress | None = None,
    *,
    threads: int | None = None,
) -> Iterator[tuple[Row, T | str]]:
    """Each row with the work's answer for its picture, in order; where that raises CorpusError, with the reason.

    threads: eight where none are given, or as many as there are processors. Decoders' warnings are not shown.
    """

    def attempt(picture: bytes) -> T | str:
        try:
            return work(picture)
        except CorpusError as error:
            return str(error)

    done = 0
    with ThreadPoolExecutor(threads or min(8, os.cpu_count() or 1)) as pool, quietly():
        for group in groups(zip(rows, data, strict=True)):
            results = pool.map(attempt, [picture for _, picture in group])
            yield from zip([row for row, _ in group], results, strict=True)
            done += len(group)
            if progress is not None:
                progress(done, len(rows))


def groups(pairs: Iterable[tuple[Row, bytes]]) -> Iterator[list[tuple[Row, bytes]]]:
    """Rows with their pictures, as many together as fit GROUP and GROUP_BYTES; one at least."""
    group: list[tuple[Row, bytes]] = []
    held = 0
    for row, data in pairs:
        if group and (len(group) == GROUP or held + len(data) > GROUP_BYTES):
            yield group
            group, held = [], 0
        group.append((row, data))
        held += len(data)
    if group:
        yield group
