"""Runs on several processes, started as a user starts them: by torchrun."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.train.tiny_runs import DATA, SMALL, environment


def arguments(out, *changes):
    settings = [word for change in (*SMALL, *changes) for word in ("--set", change)]
    return ("train", DATA, "--recipe", "tiny", "--out", out, *settings)


def torchrun(size, *words, cache, options=("--standalone",), prefix=(), **more):
    """Start `sfumato ...` on `size` processes; answers the launcher's process."""
    launcher = [sys.executable, "-m", "torch.distributed.run", *options, "--nproc-per-node", str(size)]
    command = [*prefix, *launcher, "-m", "sfumato", *map(str, words)]
    env = {**environment(cache), "PYTHONFAULTHANDLER": "1", **more}
    return subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def ended(process, timeout=300):
    """Wait for a launcher; answers its exit code and what was said. One that hangs is ended, and says where it hung."""
    try:
        errors = process.communicate(timeout=timeout)[1]
    except subprocess.TimeoutExpired:
        pytest.fail(f"not done after {timeout} s:\n{words_of_the_hung(process)}")
    return process.returncode, errors


def words_of_the_hung(process, patience=10):
    """End a launcher and its workers; answers what all said, and at last where each was (faulthandler).

    The launcher stands still while its workers are asked, so that it neither ends nor restarts them.
    """
    process.send_signal(signal.SIGSTOP)
    deadline = time.monotonic() + patience
    for pid in workers(process):
        os.kill(pid, signal.SIGABRT)
    while workers(process) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in workers(process):
        os.kill(pid, signal.SIGKILL)
    for number in (signal.SIGABRT, signal.SIGCONT):
        process.send_signal(number)
    try:
        return process.communicate(timeout=patience)[1]
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate()[1]


def workers(process):
    """The process ids of a launcher's living workers, in the order of their ranks."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = stat.read_text().rsplit(")", 1)[1].split()[1]
            variables = (stat.parent / "environ").read_bytes().split(b"\0") if int(parent) == process.pid else []
        except OSError:
            continue
        found += [(int(v[5:]), int(stat.parent.name)) for v in variables if v.startswith(b"RANK=")]
    return [pid for _, pid in sorted(found)]


def reached(process, run, images, timeout=240):
    """Wait until a run has its checkpoint at `images`."""
    deadline = time.monotonic() + timeout
    while not (run / "checkpoints" / f"{images:09d}").is_dir():
        assert process.poll() is None, process.communicate()[1]
        if time.monotonic() > deadline:
            pytest.fail(f"no checkpoint at {images} after {timeout} s:\n{words_of_the_hung(process)}")
        time.sleep(0.02)


def signal_worker(process, rank, number):
    os.kill(workers(process)[rank], number)
