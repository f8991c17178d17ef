"""A run that hangs is ended, and says where: the tests of several processes rely on it."""

import signal
import subprocess
import sys
import time

import pytest
from tests.train.launched import ended, workers

LAUNCHER = """
import os, subprocess, sys, time
def waiting_for_its_workers(workers):
    while True:
        time.sleep(0.1)
        for worker in workers:
            if worker.poll() is not None:
                print("restarted a worker", file=sys.stderr, flush=True)
waiting_for_its_workers([
    subprocess.Popen([sys.executable, "-c", *sys.argv[1:]], env={**os.environ, "RANK": str(rank)}) for rank in (1, 0)
])
"""
WORKER = """
import os, pathlib, sys, time
def waiting_for_the_others():
    pathlib.Path(sys.argv[1], os.environ["RANK"]).touch()
    while True:
        time.sleep(1)
waiting_for_the_others()
"""


def test_a_hung_run_is_ended_and_says_where_it_hung(tmp_path):
    command = [sys.executable, "-c", LAUNCHER, WORKER, str(tmp_path)]
    process = subprocess.Popen(command, env={"PYTHONFAULTHANDLER": "1"}, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while len(list(tmp_path.iterdir())) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with pytest.raises(pytest.fail.Exception, match="not done after 1 s") as told:
        ended(process, timeout=1)
    words = str(told.value)
    assert words.count("waiting_for_the_others") == 2
    assert words.count("waiting_for_its_workers") == 1
    assert "restarted" not in words
    assert process.returncode == -signal.SIGABRT
    assert workers(process) == []
