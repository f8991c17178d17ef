"""A progress bar on stderr, alive on a terminal and silent elsewhere."""

import sys
import time
from typing import TextIO

WIDTH = 24


def spell(seconds: float) -> str:
    """A duration for people: 0.4 s, 12 s, 3 min 05 s, 2 h 10 min."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{int(seconds // 60)} min {int(seconds % 60):02d} s"
    return f"{int(seconds // 3600)} h {int(seconds % 3600 // 60):02d} min"


class Bar:
    """Called with the number of units done; draws at most ten times a second, and says how long is left."""

    def __init__(self, total: int, *, stream: TextIO | None = None) -> None:
        self.total, self.stream = max(total, 1), sys.stderr if stream is None else stream
        self.live = self.stream.isatty()
        self.begin = self.drawn = time.perf_counter()

    def __call__(self, done: int, words: str) -> None:
        """Show `done` of the total, with some words beside it."""
        now = time.perf_counter()
        if not self.live or (now - self.drawn < 0.1 and done < self.total):
            return
        self.drawn = now
        share = min(done / self.total, 1.0)
        filled = round(share * WIDTH)
        left = f"{spell((now - self.begin) * (1 - share) / share)} left" if share > 0 else ""
        self.stream.write(f"\r\x1b[K{words} [{'#' * filled}{'.' * (WIDTH - filled)}] {share:4.0%} {left}")
        self.stream.flush()

    def clear(self) -> None:
        """Take the bar away, so that a line can be printed."""
        if self.live:
            self.stream.write("\r\x1b[K")
            self.stream.flush()
