"""Processes that die while they save, or that want the same run; started as a script, so that it forks before torch.

kills FOLDER COUNT: a child saves checkpoint after checkpoint and is killed at a random moment, COUNT times; each time
the newest sound checkpoint is looked for, and the next child goes on from it. races FOLDER COUNT: two children want one
run at the same moment. Prints what happened as JSON.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from tests.train.crash_points import checkpoint

from sfumato.errors import OutputError
from sfumato.train.folder import RunFolder
from sfumato.train.state import latest, save_checkpoint


def saving(folder, value, begun):
    """Save value + 1, value + 2, ... until killed, with a byte into a pipe before each."""
    while True:
        value += 1
        os.write(begun, b"!")
        save_checkpoint(folder / f"{value:09d}", checkpoint(value), keep=2)


def kills(folder, count):
    begin = time.perf_counter()
    save_checkpoint(folder / "000000001", checkpoint(1), keep=2)
    took = time.perf_counter() - begin
    chance, values, torn, passed, seen = random.Random(4), [1], 0, 0, set()
    for _ in range(count):
        ready, begun = os.pipe()
        child = os.fork()
        if child == 0:
            saving(folder, values[-1], begun)
        for _ in range(chance.randint(1, 2)):
            os.read(ready, 1)
        time.sleep(chance.random() * took)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(ready)
        os.close(begun)
        left = {p.name for p in folder.iterdir() if p.name.startswith(".")}
        torn, seen = torn + bool(left - seen), left
        found, place, over = latest(folder)
        passed += len(over)
        assert int(place.name) == found.about["progress"]["images"] == found.tensors["weights"]["a"][0]
        values.append(int(place.name))
    return {"values": values, "torn": torn, "passed": passed}


def races(folder, count):
    winners = []
    for k in range(count):
        ready, go = os.pipe()
        children = []
        for _ in range(2):
            child = os.fork()
            if child == 0:
                os.close(go)
                os.read(ready, 1)  # both are woken when the parent closes the pipe
                try:
                    held = RunFolder(folder / str(k))
                except OutputError as error:
                    os._exit(2 if "another trainer is at work" in str(error) else 3)
                time.sleep(0.2)
                held.close()
                os._exit(0)
            children.append(child)
        os.close(ready)
        os.close(go)
        winners.append(sorted(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))
    return {"codes": winners}


if __name__ == "__main__":
    print(json.dumps({"kills": kills, "races": races}[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))))
