"""Curves for TensorBoard, where it is installed; a run does not depend on it."""

from pathlib import Path
from typing import Any

from sfumato.train.events import HeldOut, Metrics


class Board:
    """Writes scalars against images shown. `notes` says so where TensorBoard is missing."""

    def __init__(self, folder: Path) -> None:
        self.notes: tuple[str, ...] = ()
        self._writer: Any = None
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            self.notes = (
                "no curves for TensorBoard, as it is not installed (pip install 'sfumato[train]'); log.jsonl has them",
            )
            return
        self._writer = SummaryWriter(str(folder))

    def write(self, event: Metrics | HeldOut) -> None:
        """Add one event's numbers."""
        if self._writer is None:
            return
        if isinstance(event, Metrics):
            for name in ("loss", "norm", "lr", "rate"):
                self._writer.add_scalar(f"train/{name}", getattr(event, name), event.images)
            return
        self._writer.add_scalar("held_out/mean", event.mean, event.images)
        for level, loss in zip(event.levels, event.loss, strict=True):
            self._writer.add_scalar(f"held_out/t={level:.3f}", loss, event.images)
        if event.caption is not None:
            for name, value in zip(("mean", "low", "high"), (event.caption.mean, *event.caption.interval), strict=True):
                self._writer.add_scalar(f"caption/{name}", value, event.images)
            for level, gain in zip(event.levels, event.caption.gain, strict=True):
                self._writer.add_scalar(f"caption/t={level:.3f}", gain, event.images)

    def close(self) -> None:
        """Flush to the disk."""
        if self._writer is not None:
            self._writer.close()
