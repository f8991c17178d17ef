"""Where a training run is: one line on stderr, rewritten on a terminal; elsewhere a plain line a minute."""

import sys
import time
from typing import TextIO

from sfumato.cli.bar import WIDTH, spell


class TrainingBar:
    """Pictures shown, pictures per second, the loss, and the time left where the run has an end.

    horizon: pictures at which the run ends, 0 where it does not. begun: those that its weights had seen before it.
    """

    def __init__(self, horizon: int, begun: int = 0, *, stream: TextIO | None = None) -> None:
        self.horizon, self.begun, self.stream = horizon, begun, sys.stderr if stream is None else stream
        self.live, self.shown_at = self.stream.isatty(), float("-inf")

    def show(self, images: int, rate: float, loss: float) -> None:
        """Say where the run is, if it is time to."""
        if not self.live and time.monotonic() - self.shown_at < 60.0:
            return
        self.shown_at = time.monotonic()
        text = f"{images} images, {rate:.1f} pictures/s, loss {loss:.4f}"
        if self.horizon:
            share = min(1.0, (images - self.begun) / max(1, self.horizon - self.begun))
            left = spell((self.horizon - images) / rate) + " left" if rate > 0 else ""
            filled = round(share * WIDTH)
            text = f"[{'#' * filled}{'.' * (WIDTH - filled)}] {share:5.1%} {text} {left}"
        self.stream.write(f"\r\x1b[K{text}" if self.live else text + "\n")
        self.stream.flush()

    def line(self, text: str) -> None:
        """A line of its own, above the bar."""
        self.stream.write(f"\r\x1b[K{text}\n" if self.live else text + "\n")
        self.stream.flush()
