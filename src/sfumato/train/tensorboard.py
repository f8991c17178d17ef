"""Curves for TensorBoard, where it is installed; a run does not depend on it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sfumato.train.events import HeldOut, Metrics


class Board:
    """Writes scalars against images shown. `notes` says so where TensorBoard is missing or its folder full."""

    def __init__(self, folder: Path) -> None:
        self.notes: tuple[str, ...] = ()
        self._writer: Any = None
        try:
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(folder))
        except ImportError:
            self.notes = (
                "no curves for TensorBoard, as it is not installed (pip install 'sfumato[train]'); log.jsonl has them",
            )
        except OSError as error:
            self.notes = (without("no curves", folder, error),)

    def write(self, event: Metrics | HeldOut) -> tuple[str, ...]:
        """Add one event's numbers; where that cannot be done, it is the last time, and the answer says so."""
        if self._writer is None:
            return ()
        try:
            for name, value in scalars(event):
                self._writer.add_scalar(name, value, event.images)
        except OSError as error:
            folder, self._writer = Path(self._writer.log_dir), None  # closing it may wait for ever for its thread
            return (without("no more curves", folder, error),)
        return ()

    def close(self) -> None:
        """Flush to the disk, as far as it can be."""
        if self._writer is not None:
            with contextlib.suppress(OSError):
                self._writer.close()


def scalars(event: Metrics | HeldOut) -> Iterator[tuple[str, float]]:
    """An event's numbers, each by its curve's name."""
    if isinstance(event, Metrics):
        for name in ("loss", "norm", "lr", "rate"):
            yield f"train/{name}", getattr(event, name)
        return
    yield "held_out/mean", event.mean
    for level, loss in zip(event.levels, event.loss, strict=True):
        yield f"held_out/t={level:.3f}", loss
    if event.caption is not None:
        for name, value in zip(("mean", "low", "high"), (event.caption.mean, *event.caption.interval), strict=True):
            yield f"caption/{name}", value
        for level, gain in zip(event.levels, event.caption.gain, strict=True):
            yield f"caption/t={level:.3f}", gain


def without(what: str, folder: Path, error: OSError) -> str:
    """The note that curves cannot be written."""
    reason = (error.strerror or str(error)).lower()
    return f"{what} for TensorBoard, as {folder} cannot be written: {reason}; log.jsonl has them"
