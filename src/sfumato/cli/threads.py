"""How many threads the commands draw with: as many as cores are free, a power of two so that no pixel depends on it."""

import os
import time
from pathlib import Path
from typing import NamedTuple

from sfumato.engine import power_below

WINDOW = 0.25
"""Seconds over which the work of other programs is measured, at least: the kernel counts in hundredths."""

STAT = Path("/proc/stat")


class Reading(NamedTuple):
    """Seconds: the time, what the cores have worked for all programs so far, and for this one; how many cores."""

    at: float
    all: float
    own: float
    cores: int


class Threads:
    """Lets torch use as many threads as there are cores free, at most its own number; ask again between pictures.

    Threads that share every operation wait for the slowest of them after each. One whose core is another program's
    too keeps all others waiting, and a picture takes longer than on fewer threads (docs/log.md). So each call looks at
    what other programs did since the last one, where the kernel tells (Linux). OMP_NUM_THREADS or MKL_NUM_THREADS, if
    set, is the number whatever the others do.

    The number is a power of two. Elementwise functions are cut into equal parts, one a thread, and the odd elements at
    the end of a part are computed by other instructions than the rest, whose last bit may differ. Parts that are cut in
    halves have no odd elements.
    """

    def __init__(self) -> None:
        self._most = 0
        self._before = None if {"OMP_NUM_THREADS", "MKL_NUM_THREADS"} & set(os.environ) else reading()

    def __call__(self) -> None:
        """Set the number for the calling thread."""
        import torch

        if not self._most:
            self._most = power_below(torch.get_num_threads())
            torch.set_num_threads(self._most)
        now = reading() if self._before and time.monotonic() - self._before.at >= WINDOW else None
        if self._before and now:
            torch.set_num_threads(fitting(self._most, now.cores, others(self._before, now)))
            self._before = now


def fitting(most: int, cores: int, others: float) -> int:
    """A power of two of threads, at most `most`, for the cores that `others` leave: half a core's work takes none."""
    return min(most, power_below(max(1, round(cores - others))))


def others(before: Reading, now: Reading) -> float:
    """How many cores worked for other programs between two readings."""
    return max(0.0, (now.all - before.all - (now.own - before.own)) / (now.at - before.at))


def reading(stat: Path = STAT) -> Reading | None:
    """The cores' work so far, of those that this process may use; None where the system does not tell.

    Work at a low priority (nice) is left out: it gives way.
    """
    try:
        lines = [line.split() for line in stat.read_text("ascii").splitlines() if line.startswith("cpu")]
        ours = {f"cpu{k}" for k in os.sched_getaffinity(0)}
        ticks = [sum(int(row[k]) for k in (1, 3, 6, 7, 8)) for row in lines if row[0] in ours]
        worked = sum(ticks) / os.sysconf("SC_CLK_TCK")
        return Reading(time.monotonic(), worked, time.process_time(), len(ticks)) if ticks else None
    except (OSError, AttributeError, ValueError, IndexError):
        return None
