"""Save a checkpoint again and again, dying each time one touch of the disk later; print how each process ended."""

import json
import os
import sys
from pathlib import Path

import torch

from sfumato.train import state
from sfumato.train.state import Checkpoint, save_checkpoint


def checkpoint(value):
    tensors = {
        part: {"a": torch.full((40,), float(value)), "b": torch.full((3, 3), value + 0.5)} for part in state.PARTS
    }
    return Checkpoint(tensors, {"progress": {"images": value}, "log_bytes": 0})


def die_at(at):
    """From here on: die, like a killed process, at the `at`-th touch of the disk; files are torn half-way."""
    count = 0

    def dying(real):
        def touch(*arguments, **options):
            nonlocal count
            count += 1
            if count == at:
                os._exit(77)
            return real(*arguments, **options)

        return touch

    def torn(path, data, real=state.write_durably):
        nonlocal count
        count += 1
        if count == at:
            path.write_bytes(data[: len(data) // 2])
            os._exit(77)
        real(path, data)

    state.write_durably = torn
    for name in ("open", "fsync", "replace", "mkdir"):
        setattr(os, name, dying(getattr(os, name)))


def crashing_save(folder, at):
    """Save checkpoint 2, or die on the way."""
    die_at(at)
    save_checkpoint(folder / "000000002", checkpoint(2), keep=2)
    os._exit(0)


def main(root):
    codes = []
    while not codes or codes[-1] != 0:
        folder = root / str(len(codes) + 1)
        child = os.fork()
        if child == 0:
            save_checkpoint(folder / "000000001", checkpoint(1), keep=2)
            crashing_save(folder, len(codes) + 1)
        codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    print(json.dumps(codes))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
