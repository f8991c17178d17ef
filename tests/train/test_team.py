"""Several processes compute what one does; they survive the loss of one; a run goes on with another number of them."""

import json
import shutil
import signal

import pytest
import torch
from tests.train.launched import arguments, ended, reached, signal_worker, torchrun
from tests.train.tiny_runs import fingerprint, images_of, sfumato

from sfumato.errors import RecipeError
from sfumato.train.shares import parts_of, refuse_uneven
from sfumato.train.team import meeting_place

FIFTY = ("optimiser.micro=4", "rate.images=400", "watch.metrics=8", "watch.checkpoint=80", "watch.heldout=200",
         "watch.sheet=0")  # fmt: skip
"""Fifty steps, dropout and all; the loss of each in the log."""


@pytest.fixture(scope="module")
def alone(cache, tmp_path_factory):
    run = tmp_path_factory.mktemp("alone") / "run"
    done = sfumato(*arguments(run, *FIFTY), cache=cache)
    assert done.returncode == 0, done.stderr
    return run


def losses(run):
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return {line["images"]: line["loss"] for line in lines if line["event"] == "metrics"}


@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.parametrize(("batch", "micro"), [(12, 0), (12, 2), (13, 0), (12, 12), (15, 3), (12, 6)])
def test_shares_follow_each_other_and_leave_nothing_out(batch, micro, size):
    parts = [part for rank in range(size) for part in parts_of(batch, micro, rank, size)]
    assert [k for part in parts for k in range(part.start, part.stop)] == list(range(batch))
    sizes = [sum(p.stop - p.start for p in parts_of(batch, micro, rank, size)) for rank in range(size)]
    assert max(sizes) - min(sizes) <= (micro if micro and batch // micro >= size else 1)
    assert all(p.stop - p.start <= (micro or batch) for p in parts)


def test_shares_of_too_little():
    with pytest.raises(RecipeError, match=r"batch is 2 and 3 processes"):
        parts_of(2, 0, 0, 3)
    with pytest.raises(RecipeError, match="multiple of 3"):
        refuse_uneven(8, 0, 3)
    with pytest.raises(RecipeError, match="multiple of 2 x micro"):
        refuse_uneven(12, 4, 2)
    refuse_uneven(12, 2, 3)


@pytest.mark.slow
def test_two_processes_are_one_bit_for_bit(cache, alone, tmp_path):
    """With a micro-batch for each; the issue asks for 1e-6 of the loss over 50 steps, which this is part of."""
    run = tmp_path / "run"
    code, errors = ended(torchrun(2, *arguments(run, *FIFTY), cache=cache))
    assert code == 0, errors
    assert "Warning" not in errors
    one, two = losses(alone), losses(run)
    assert len(one) == 50
    assert len(set(one.values())) == 50
    assert all(abs(two[k] - one[k]) <= 1e-6 * one[k] for k in one)
    assert fingerprint(run) == fingerprint(alone)
    assert (run / "model").is_dir()


@pytest.mark.parametrize(("hosts", "left"), [("1", False), ("2", True)])
def test_a_restarted_team_does_not_meet_at_the_addresses_of_the_dead(hosts, left, monkeypatch):
    """torchrun has one store for all its restarts; of several hosts the counts differ, and nothing is kept apart."""
    server = torch.distributed.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    given = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": server.port, "RANK": 1, "WORLD_SIZE": 2}
    given |= {"TORCHELASTIC_USE_AGENT_STORE": True, "GROUP_WORLD_SIZE": hosts}
    for name, value in given.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "0")
    before, rank, size = meeting_place()
    assert (rank, size) == (1, 2)
    before.set("address", "of one that dies")
    monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "1")
    assert meeting_place()[0].check(["address"]) is left


@pytest.mark.slow
def test_a_killed_worker_is_restarted_and_training_goes_on(cache, alone, tmp_path):
    run = tmp_path / "run"
    process = torchrun(2, *arguments(run, *FIFTY), cache=cache, options=("--standalone", "--max-restarts", "1"))
    reached(process, run, 160)
    assert images_of(run) < 400
    signal_worker(process, 1, signal.SIGKILL)
    code, errors = ended(process)
    assert code == 0, errors
    assert "goes on from 000000" in errors
    assert fingerprint(run) == fingerprint(alone)


@pytest.mark.slow
def test_a_run_of_two_goes_on_with_one_and_with_three(cache, tmp_path):
    """A signal to one of them stops all, with a checkpoint; whoever goes on sees the same pictures and noise."""
    run, changes = (
        tmp_path / "run",
        ("optimiser.batch=12", "rate.images=240", "watch.metrics=12", "network.dropout=0.0"),
    )
    process = torchrun(2, *arguments(run, *changes, "watch.checkpoint=36", "watch.sheet=0"), cache=cache)
    reached(process, run, 72)
    signal_worker(process, 1, signal.SIGTERM)
    code, errors = ended(process)
    assert code == 0, errors
    assert "stopped at" in errors
    stopped = images_of(run)
    assert 72 <= stopped < 240
    found = {}
    for size in (1, 2, 3):
        shutil.copytree(run, tmp_path / str(size))
        resumed = ("train", "--resume", tmp_path / str(size))
        if size == 1:
            done = sfumato(*resumed, cache=cache)
            code, errors = done.returncode, done.stderr
        else:
            code, errors = ended(torchrun(size, *resumed, cache=cache))
        assert code == 0, errors
        found[size] = losses(tmp_path / str(size))
    assert sorted(found[1]) == sorted(found[3]) == list(range(12, 241, 12))
    for k, size in ((k, size) for k in found[2] for size in (1, 3)):
        assert found[size][k] == pytest.approx(found[2][k], rel=1e-6 if k <= stopped + 12 else 1e-3)
