"""Pictures are drawn on as many threads as there are cores free, and on as many as the user says."""

import os
import subprocess
import sys
import time

import pytest
import torch

from sfumato.cli import threads as module
from sfumato.cli.main import main
from sfumato.cli.threads import WINDOW, Reading, Threads, fitting, others, reading

STAT = """cpu  1000 200 300 4000 50 6 7 8 9 10
cpu0 600 100 200 2000 20 3 4 5 0 0
cpu1 400 100 100 2000 30 3 3 3 9 10
cpu2 7 7 7 7 7 7 7 7 7 7
intr 1 2 3
"""


@pytest.fixture
def kept():
    """The number of threads comes back at the end."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def unsaid(monkeypatch):
    """As where nobody says how many threads there are to be."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("most", "cores", "busy", "used"),
    [
        (2, 2, 0.0, 2), (2, 2, 0.4, 2), (2, 2, 0.6, 1), (2, 2, 1.0, 1), (2, 2, 2.0, 1), (8, 8, 1.0, 4), (8, 8, 0.3, 8),
        (4, 8, 3.0, 4), (4, 8, 5.0, 2), (1, 1, 0.0, 1), (1, 2, 0.0, 1), (16, 12, 0.0, 8),
    ],
)  # fmt: skip
def test_what_is_free_is_used_and_a_power_of_two(most, cores, busy, used):
    assert fitting(most, cores, busy) == used


def test_others_are_all_but_this_program():
    assert others(Reading(10.0, 100.0, 50.0, 2), Reading(12.0, 103.0, 51.0, 2)) == 1.0
    assert others(Reading(10.0, 100.0, 50.0, 2), Reading(11.0, 101.0, 51.5, 2)) == 0.0, "two clocks never quite agree"


def test_the_kernel_s_counts_are_read(tmp_path, monkeypatch):
    """User, system, interrupts and what other machines took; not nice, idle nor waiting, nor cores not ours."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    (tmp_path / "stat").write_text(STAT)
    found = reading(tmp_path / "stat")
    assert found is not None
    assert found.cores == 2
    assert found.all * os.sysconf("SC_CLK_TCK") == pytest.approx((600 + 200 + 3 + 4 + 5) + (400 + 100 + 3 + 3 + 3))


@pytest.mark.parametrize("said", [None, "", "cpu0 1 2", "cpu0 one two three four five six seven eight nine"])
def test_a_system_that_does_not_tell(tmp_path, monkeypatch, said):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0}, raising=False)
    if said is not None:
        (tmp_path / "stat").write_text(said)
    assert reading(tmp_path / "stat") is None


def test_they_follow_the_load(kept, unsaid, monkeypatch):
    torch.set_num_threads(4)
    now = [Reading(0.0, 0.0, 0.0, 4)]
    monkeypatch.setattr(module, "reading", lambda: now[0])
    monkeypatch.setattr(time, "monotonic", lambda: now[0].at)
    use, seen = Threads(), []
    for at, worked in [(0.01, 0.03), (1.0, 0.0), (2.0, 2.0), (2.0 + WINDOW / 2, 2.0), (3.0, 2.0), (4.0, 6.0)]:
        now[0] = Reading(at, worked, 0.0, 4)
        use()
        seen.append(torch.get_num_threads())
    assert seen == [4, 4, 2, 2, 4, 1]


def test_what_the_user_says_is_taken(kept, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.setattr(module, "reading", lambda: pytest.fail("the load is nobody's question here"))
    torch.set_num_threads(2)
    Threads()()
    assert torch.get_num_threads() == 2


def test_generate_asks_before_it_loads_and_before_each_picture(tiny_folder, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(Threads, "__call__", lambda self: asked.append(len(list(tmp_path.glob("*.png")))))
    command = ["generate", "a red apple", "--model", str(tiny_folder), "--steps", "1", "--out", str(tmp_path)]
    assert main([*command, "--count", "3"]) == 0
    assert asked == [0, 0, 1, 2]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the load is read on Linux")
def test_a_busy_program_is_seen():
    child = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        before = reading()
        time.sleep(1.0)
        now = reading()
    finally:
        child.kill()
        child.wait()
    assert before is not None
    assert now is not None
    assert others(before, now) > 0.2
