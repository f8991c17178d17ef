"""Checkpoints of a run: a folder of safetensors and one JSON file that lists their sha256, written last.

checkpoints/000040000/ weights.safetensors average.safetensors moments.safetensors checkpoint.json

The folder is filled under a hidden name, flushed, and renamed; checkpoint.json carries its own hash. So a folder is
either complete and checked, or it is not taken: `latest` then falls back to the one before, and says so. Nothing is
ever unpickled.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import safetensors.torch

from sfumato.atomic import new_folder, write_durably
from sfumato.errors import CheckpointError
from sfumato.train.slices import pieces_in, refuse_long_header, rows_in, sha256_of

VERSION = 1
SLICED = 2
"""The version whose parts are spread over several files (train/slices.py)."""

PARTS = ("weights", "average", "moments")
INDEX = "checkpoint.json"


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Tensors by part and name, and the plain data beside them. What open_checkpoint found is still in its files."""

    tensors: Mapping[str, Mapping[str, Any]]
    about: Mapping[str, Any]


Read = Callable[[Path], Checkpoint]


class Write(Protocol):
    """A way of writing a checkpoint: save_checkpoint, or that of a team (train/spread.py)."""

    def __call__(self, folder: Path, checkpoint: Checkpoint, /, *, keep: int) -> None:
        """Write it whole or not at all."""
        ...


def save_checkpoint(folder: Path, checkpoint: Checkpoint, *, keep: int) -> None:
    """Write a complete checkpoint, then delete all but the newest `keep` of its neighbours.

    Raises OutputError where the disk is full or read-only; the earlier checkpoints are untouched then.
    """
    with new_folder(folder, replace=True) as part:
        sums = {}
        for name in PARTS:
            data = safetensors.torch.save(
                {k: v.detach().cpu().contiguous() for k, v in checkpoint.tensors[name].items()}
            )
            sums[f"{name}.safetensors"] = hashlib.sha256(data).hexdigest()
            write_durably(part / f"{name}.safetensors", data)
        index = {"format": "sfumato-training", "version": VERSION, "sha256": sums, **checkpoint.about}
        write_durably(part / INDEX, sealed(index))
    prune(folder.parent, keep)


def prune(checkpoints: Path, keep: int) -> None:
    """Delete all but the newest `keep`."""
    for old in listed(checkpoints)[:-keep]:
        shutil.rmtree(old, ignore_errors=True)


def sealed(index: Mapping[str, Any]) -> bytes:
    """JSON whose last entry is the sha256 of the rest."""
    seal = hashlib.sha256(json.dumps(index, sort_keys=True).encode()).hexdigest()
    return json.dumps({**index, "seal": seal}, indent=1, sort_keys=True).encode() + b"\n"


def listed(checkpoints: Path) -> list[Path]:
    """The checkpoint folders, oldest first; unfinished ones have hidden names and are not among them."""
    if not checkpoints.is_dir():
        return []
    return sorted(p for p in checkpoints.iterdir() if p.is_dir() and p.name.isdigit())


def latest(checkpoints: Path, read: "Read | None" = None) -> tuple[Checkpoint, Path, dict[str, str]]:
    """The newest sound checkpoint, its folder, and the names of newer ones that were passed over, with the reasons.

    Raises CheckpointError where none is sound.
    """
    passed: dict[str, str] = {}
    for folder in reversed(listed(checkpoints)):
        try:
            return (read or load_checkpoint)(folder), folder, passed
        except CheckpointError as error:
            passed[folder.name] = str(error)
    reasons = "; ".join(passed.values()) or "it holds none"
    raise CheckpointError(f"{checkpoints} has no sound checkpoint to resume from: {reasons}")


def load_checkpoint(folder: Path) -> Checkpoint:
    """Read and check one checkpoint. Raises CheckpointError for a missing, damaged, foreign or newer one."""
    index = read_index(folder / INDEX)
    if index["version"] == SLICED:
        opened = open_checkpoint(folder)
        return Checkpoint({p: {n: v.whole() for n, v in named.items()} for p, named in opened.tensors.items()}, index)
    tensors = {}
    for name in PARTS:
        file = folder / f"{name}.safetensors"
        try:
            data = file.read_bytes()
        except OSError as error:
            raise CheckpointError(f"{file} cannot be read: {error.strerror}") from error
        if hashlib.sha256(data).hexdigest() != index["sha256"].get(file.name):
            raise CheckpointError(f"{file} is damaged: its sha256 is not the one in {INDEX}")
        refuse_long_header(file, data)
        try:
            tensors[name] = safetensors.torch.load(data)
        except Exception as error:  # the library raises its own type, and others on odd headers
            raise CheckpointError(f"{file} is no safetensors file") from error
    return Checkpoint(tensors, index)


def open_checkpoint(folder: Path) -> Checkpoint:
    """Check one checkpoint and open it: its tensors are Pieces, read row by row when asked. Raises as load_checkpoint.

    One that a single process wrote is the case of one file for each part.
    """
    index = read_index(folder / INDEX)
    for file, digest in index["sha256"].items():
        if Path(file).name != file or sha256_of(folder / file) != digest:
            raise CheckpointError(f"{folder / file} is damaged: its sha256 is not the one in {INDEX}")
        with (folder / file).open("rb") as opened:
            refuse_long_header(folder / file, opened.read(8))
    try:
        held = index["rows"] if index["version"] == SLICED else rows_in(folder, index["sha256"])
        if set(held) != set(index["sha256"]) or {file.partition(".")[0] for file in held} != set(PARTS):
            raise CheckpointError(f"{folder / INDEX} names other files than the three parts of a checkpoint have")
        return Checkpoint({part: pieces_in(folder, part, held) for part in PARTS}, index)
    except CheckpointError:
        raise
    except Exception as error:  # the library raises its own type, and others on odd headers
        raise CheckpointError(f"{folder} holds no safetensors files as its {INDEX} describes them") from error


def read_index(file: Path) -> dict[str, Any]:
    """checkpoint.json, its seal verified."""
    try:
        index = json.loads(file.read_bytes())
        seal = index.pop("seal")
    except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise CheckpointError(f"{file} is missing or damaged") from error
    if hashlib.sha256(json.dumps(index, sort_keys=True).encode()).hexdigest() != seal:
        raise CheckpointError(f"{file} is damaged: its contents do not fit its own sha256")
    if index.get("format") != "sfumato-training" or index.get("version") not in (VERSION, SLICED):
        raise CheckpointError(
            f"{file} has format {index.get('format')!r} version {index.get('version')!r}; "
            f"this Sfumato reads 'sfumato-training' versions {VERSION} and {SLICED}: update Sfumato"
        )
    return index
