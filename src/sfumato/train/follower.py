"""A run's folder as all but the leader of a team see it: read, never written."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from sfumato.train.folder import RunFolder
from sfumato.train.state import Checkpoint


class FollowedFolder(RunFolder):
    """Takes no lock and writes nothing; what the leader knows of the folder, it says to the others (train/team.py)."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def close(self) -> None:
        """Nothing is held."""

    def begin(self, about: Mapping[str, Any]) -> None:
        """The leader does it."""

    def refuse_run(self) -> None:
        """The leader does it."""

    def describe(self, about: Mapping[str, Any]) -> None:
        """The leader does it."""

    def empty(self) -> bool:
        """The leader knows."""
        return False

    def has(self, images: int) -> bool:
        """The leader knows."""
        return True

    def log(self, entry: Mapping[str, Any]) -> None:
        """The leader does it."""

    def set_aside(self, names: Sequence[str]) -> None:
        """The leader does it."""

    def cut_log(self, checkpoint: Checkpoint) -> None:
        """The leader does it."""

    def keep_average(self, images: int, data: bytes) -> Path:
        """The leader does it; answers where."""
        return self.path / "averages" / f"{images:09d}.safetensors"

    def write_sheet(self, images: int, picture: UInt8[np.ndarray, "H W 3"]) -> Path:
        """The leader does it; answers where."""
        return self.path / "sheets" / f"{images:09d}.png"
