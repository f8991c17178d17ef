"""A run that dies at every crash point of one save, and is resumed each time; prints how each process ended.

crash_resumes DATA FOLDER: the run in FOLDER/whole goes on to its end. When it saves its checkpoint at CRASH images, its
folder is copied to FOLDER/1, FOLDER/2, ...; in each copy a process makes that save and dies one touch of the disk later
than the one before. Each copy is then resumed to the run's end. All of it in forks of a process that has loaded the
data and the text encoder and has trained nothing.
"""

import json
import os
import shutil
import sys
import traceback
from itertools import count
from pathlib import Path

import torch
import torch.utils.tensorboard  # once, not in every fork
from tests.train.crash_points import die_at
from tests.train.tiny_runs import SMALL

from sfumato.train import session
from sfumato.train.build import build
from sfumato.train.material import Place
from sfumato.train.reading import load_recipe
from sfumato.train.state import save_checkpoint

CRASH = 32
CHANGES = (
    *SMALL,
    "rate.images=64",
    "rate.warmup=16",
    "rate.cooldown=32",
    "watch.metrics=8",
    "watch.heldout=24",
    "watch.heldout_rows=2",
    "watch.bins=2",
    "watch.sheet=0",
    "watch.checkpoint=16",
)


def ended(work, *arguments):
    """The exit code of a fork that does the work: 0, 1 where it failed, or what it died with."""
    child = os.fork()
    if child == 0:
        try:
            work(*arguments)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def crash(run, copy, name, checkpoint, keep):
    """Make a save in a copy of the run, and die at the touch of the disk that the copy is named by."""
    shutil.copytree(run, copy)
    die_at(int(copy.name))
    save_checkpoint(copy / "checkpoints" / name, checkpoint, keep=keep)


def whole(recipe, place, root):
    """The uninterrupted run, with the crashing saves beside one of its own."""
    begun = session.begin(recipe, root / "whole", place)

    def write(folder, checkpoint, *, keep):
        codes = []
        while checkpoint.about["progress"]["images"] == CRASH and codes[-1:] != [0]:
            copy = root / str(len(codes) + 1)
            codes.append(ended(crash, folder.parent.parent, copy, folder.name, checkpoint, keep))
        if codes:
            (root / "codes.json").write_text(json.dumps(codes))
        save_checkpoint(folder, checkpoint, keep=keep)

    begun.trainer.spread.write = write
    list(session.run(begun, lambda: False))


def resumed(run, place):
    """Go on with a run to its end; what it went on from is written down."""
    found = session.resume(run, place)
    (run / "from").write_text(found.notes[0])
    list(session.run(found, lambda: False))


def main(data, root):
    torch.set_num_threads(1)
    recipe = load_recipe("tiny", CHANGES)
    place = Place(device=torch.device("cpu"), data=data, cache=root / "cache", report=lambda *_: None)
    built = build(recipe, place)
    session.build = lambda recipe, place: built  # each fork trains its own copy of it
    if ended(whole, recipe, place, root):
        sys.exit("the uninterrupted run failed")
    codes = json.loads((root / "codes.json").read_text())
    after = [ended(resumed, root / str(k), place) for k, _ in zip(count(1), codes, strict=False)]
    print(json.dumps({"crashes": codes, "resumed": after}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
