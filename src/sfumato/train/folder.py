"""A run's folder: what it was asked, its log, its sheets and its checkpoints; one trainer at a time.

RUN/run.json  log.jsonl  sheets/000020000.png  checkpoints/000020000/  averages/000020000.safetensors  model/  lock
"""

import contextlib
import io
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from sfumato.atomic import cannot_write, make_folder, write_file
from sfumato.errors import CheckpointError, OutputError
from sfumato.train.state import Checkpoint, Read, Write, latest, listed, load_checkpoint, save_checkpoint


class RunFolder:
    """A folder held by this process until `close`.

    Raises:
        OutputError: another trainer holds it, or it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path, self._made = path, not path.exists()
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._lock = (path / "lock").open("a+")
        except OSError as error:
            raise OutputError(cannot_write(path, error)) from error
        try:
            claim(self._lock)
            if not os.path.samestat(os.fstat(self._lock.fileno()), os.stat(path / "lock")):
                raise OSError("this lock was taken away together with an unused folder")
        except OSError as error:
            self._lock.close()
            raise OutputError(
                f"another trainer is at work in {path}; wait for it, stop it, or choose another folder with --out"
            ) from error

    def close(self) -> None:
        """Let go of the folder; one that was made for this run and has nothing in it goes away with its lock."""
        with contextlib.suppress(OSError):  # Windows removes no open file: there it stays, and counts as empty
            if self._made and [*self.path.iterdir()] == [self.path / "lock"]:
                (self.path / "lock").unlink()
                self.path.rmdir()
        self._lock.close()

    def begin(self, about: Mapping[str, Any]) -> None:
        """Write what the run was asked for. Raises OutputError where the folder holds a run already."""
        self.refuse_run()
        (self.path / "log.jsonl").unlink(missing_ok=True)
        self.describe(about)

    def refuse_run(self) -> None:
        """Raise OutputError where the folder holds a run; one that has no checkpoint yet does not count."""
        if not self.empty():
            raise OutputError(
                f"{self.path} holds a run already; go on with it by --resume {self.path}, or choose another --out"
            )

    def describe(self, about: Mapping[str, Any]) -> None:
        """Replace run.json."""
        write_file(self.path / "run.json", json.dumps(about, indent=1).encode() + b"\n")

    def about(self) -> dict[str, Any]:
        """What the run was asked for. Raises CheckpointError where the folder holds no run."""
        try:
            return json.loads((self.path / "run.json").read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise CheckpointError(f"{self.path} holds no run: its run.json is missing or damaged") from error

    def save(self, images: int, checkpoint: Checkpoint, *, keep: int, write: Write = save_checkpoint) -> Path:
        """Write a checkpoint, in the way of `write`; the length of the log goes with it."""
        target = self.path / "checkpoints" / f"{images:09d}"
        log = self.path / "log.jsonl"
        about = {**checkpoint.about, "log_bytes": log.stat().st_size if log.exists() else 0}
        write(target, Checkpoint(checkpoint.tensors, about), keep=keep)
        return target

    def latest(self, read: Read = load_checkpoint) -> tuple[Checkpoint, Path, dict[str, str]]:
        """The newest sound checkpoint, its folder, and the names of newer ones passed over, with the reasons."""
        return latest(self.path / "checkpoints", read)

    def empty(self) -> bool:
        """Whether there is no checkpoint yet."""
        return not listed(self.path / "checkpoints")

    def has(self, images: int) -> bool:
        """Whether there is a checkpoint at this number of images."""
        return any(int(p.name) == images for p in listed(self.path / "checkpoints"))

    def log(self, entry: Mapping[str, Any]) -> None:
        """Append one JSON line. Raises OutputError where it cannot be written."""
        try:
            with (self.path / "log.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")
        except OSError as error:
            raise OutputError(cannot_write(self.path / "log.jsonl", error)) from error

    def entries(self, checkpoint: Checkpoint | None = None) -> list[dict[str, Any]]:
        """The lines of the log so far, or up to a checkpoint."""
        log = self.path / "log.jsonl"
        data = (log.read_bytes() if log.exists() else b"")[: checkpoint and checkpoint.about["log_bytes"]]
        return [json.loads(line) for line in data.splitlines()]

    def set_aside(self, names: Sequence[str]) -> None:
        """Rename checkpoints that were passed over, so that they no longer count among those kept."""
        for name in names:
            place = self.path / "checkpoints" / name
            shutil.rmtree(place.with_suffix(".damaged"), ignore_errors=True)
            place.rename(place.with_suffix(".damaged"))

    def cut_log(self, checkpoint: Checkpoint) -> None:
        """Drop the lines that came after a checkpoint, which the resumed run will write again."""
        log = self.path / "log.jsonl"
        if log.exists() and log.stat().st_size > checkpoint.about["log_bytes"]:
            os.truncate(log, checkpoint.about["log_bytes"])

    def keep_average(self, images: int, data: bytes) -> Path:
        """A snapshot of the average, which stays: train/posthoc.py makes averages of other widths from all of them."""
        folder = self.path / "averages"
        make_folder(folder)
        write_file(folder / f"{images:09d}.safetensors", data)
        return folder / f"{images:09d}.safetensors"

    def write_sheet(self, images: int, picture: UInt8[np.ndarray, "h w 3"]) -> Path:
        """A PNG named by the images shown so far."""
        data = io.BytesIO()
        Image.fromarray(picture).save(data, "PNG")
        folder = self.path / "sheets"
        make_folder(folder)
        write_file(folder / f"{images:09d}.png", data.getvalue())
        return folder / f"{images:09d}.png"


def claim(file: IO[str]) -> None:
    """Lock an open file until this process ends, however it ends. Raises OSError where another has it."""
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        return
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
