"""What a run measures of itself between two lines of its log, and how fast it is."""

import math
import time

import torch

from sfumato.errors import RecipeError
from sfumato.train.events import Metrics, Tick
from sfumato.train.progress import Progress

LAG = 16
"""How many updates an accelerator may run ahead before its losses are read: reading one waits for it."""


class Meter:
    """Sums into the run's Progress, in the order of the updates, so that a resumed run's log is the same."""

    def __init__(self, progress: Progress, device: torch.device) -> None:
        self.progress, self.lag = progress, 1 if device.type == "cpu" else LAG
        self.loss, self.rate = math.nan, 0.0
        self._waiting: list[tuple[torch.Tensor, torch.Tensor]] = []
        self._last = self._ticked = time.perf_counter()
        self._since = (self._last, progress.images)

    def add(self, loss: torch.Tensor, norm: torch.Tensor) -> None:
        """Take in one update's loss and gradient norm, perhaps unread as yet."""
        self._waiting.append((loss, norm))
        if len(self._waiting) >= self.lag:
            self.read()

    def read(self) -> None:
        """Read what waits. Raises RecipeError where a loss is no finite number."""
        for loss, norm in self._waiting:
            p, self.loss = self.progress, float(loss)
            p.loss_sum, p.norm_sum, p.count = p.loss_sum + self.loss, p.norm_sum + float(norm), p.count + 1
            if not math.isfinite(self.loss):
                raise RecipeError(f"the loss is {self.loss} after {p.images} images; lower optimiser.lr and resume")
        self._waiting.clear()
        now = time.perf_counter()
        self.progress.seconds += now - self._last
        self._last = now

    def tick(self) -> Tick | None:
        """A sign of life where half a second has passed; the rate is that of the last five."""
        now = time.perf_counter()
        if now - self._ticked < 0.5:
            return None
        self._ticked = now
        if now - self._since[0] > 5.0 or not self.rate:
            self.rate = (self.progress.images - self._since[1]) / (now - self._since[0])
            self._since = (now, self.progress.images)
        return Tick(images=self.progress.images, rate=self.rate, loss=self.loss)

    def rest(self) -> None:
        """Something other than training took time: leave it out of the rate."""
        self._since = (time.perf_counter(), self.progress.images)

    def metrics(self, lr: float) -> Metrics:
        """The means since the last call."""
        self.read()
        p = self.progress
        means = Metrics(
            images=p.images,
            loss=p.loss_sum / p.count,
            norm=p.norm_sum / p.count,
            lr=lr,
            rate=self.rate,
            seconds=p.seconds,
        )
        p.loss_sum, p.norm_sum, p.count = 0.0, 0.0, 0
        return means
