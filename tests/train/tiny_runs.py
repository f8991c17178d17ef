"""Runs of seconds on the 200 test pictures: what the tests of the trainer share."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from sfumato.train.state import INDEX, listed, load_checkpoint

DATA = Path(__file__).parents[1] / "data"
TIMES = ("rate", "seconds")
SMALL = ("network.block_out_channels=[8,16]", "network.head_dim=8", "network.norm_groups=8")
"""A network that computes in milliseconds, so that a test waits for processes and not for them to compute."""


def command(*arguments):
    return [
        sys.executable,
        "-c",
        "import sys; from sfumato.cli.main import main; sys.exit(main(sys.argv[1:]))",
        *map(str, arguments),
    ]


def environment(cache):
    return {**os.environ, "OMP_NUM_THREADS": "1", "SFUMATO_CACHE": str(cache)}


def sfumato(*arguments, cache, timeout=300):
    return subprocess.run(
        command(*arguments), env=environment(cache), capture_output=True, text=True, timeout=timeout, check=False
    )


def killed_after(images, run, *arguments, cache, number=signal.SIGKILL):
    """Start a run and send it a signal once its checkpoint at `images` is there; answer its standard error."""
    process = subprocess.Popen(
        command(*arguments), env=environment(cache), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 240
    while not (run / "checkpoints" / f"{images:09d}").is_dir():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise AssertionError(f"the run ended before {images} images: {process.communicate()[1]}")
        time.sleep(0.02)
    process.send_signal(number)
    errors = process.communicate(timeout=120)[1]
    return process.returncode, errors


def script(name, *arguments):
    """What a script of this folder prints, read as JSON."""
    command = [sys.executable, str(Path(__file__).with_name(name)), *map(str, arguments)]
    paths = os.pathsep.join(str(Path(__file__).parents[k]) for k in (2, 1))
    place = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=place)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def fingerprint(run):
    """Hashes of the last checkpoint's tensors, its counters without times, and the log without times."""
    newest = listed(run / "checkpoints")[-1]
    checkpoint = load_checkpoint(newest)
    prints = {}
    for part, tensors in checkpoint.tensors.items():
        digest = hashlib.sha256()
        for name in sorted(tensors):
            digest.update(name.encode() + tensors[name].numpy().tobytes())
        prints[part] = digest.hexdigest()
    prints["progress"] = {k: v for k, v in checkpoint.about["progress"].items() if k != "seconds"}
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    prints["log"] = [{k: v for k, v in line.items() if k not in TIMES} for line in lines]
    prints["name"] = newest.name
    return prints


def images_of(run):
    return int(json.loads((listed(run / "checkpoints")[-1] / INDEX).read_text())["progress"]["images"])
