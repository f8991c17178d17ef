"""Checkpoints are whole or not there, whatever happens while they are written or afterwards."""

import errno
import hashlib
import json
import os
import random

import pytest
import torch
from tests.train.crash_points import checkpoint
from tests.train.tiny_runs import script

from sfumato.errors import CheckpointError, OutputError
from sfumato.train import state
from sfumato.train.folder import RunFolder
from sfumato.train.state import INDEX, latest, listed, load_checkpoint, save_checkpoint, sealed


def saved(folder, *values, keep=5):
    for value in values:
        save_checkpoint(folder / f"{value:09d}", checkpoint(value), keep=keep)
    return folder


def test_what_is_saved_is_loaded(tmp_path):
    found, folder, passed = latest(saved(tmp_path, 1, 2))
    assert folder.name == "000000002"
    assert not passed
    assert found.about["progress"] == {"images": 2}
    for part in state.PARTS:
        assert found.tensors[part]["a"].equal(torch.full((40,), 2.0))


def test_only_the_newest_are_kept(tmp_path):
    assert [p.name for p in listed(saved(tmp_path, 1, 2, 3, 4, keep=2))] == ["000000003", "000000004"]


@pytest.mark.parametrize("count", [100, pytest.param(1000, marks=pytest.mark.slow)])
def test_every_flipped_bit_is_detected(tmp_path, count):
    saved(tmp_path, 1, 2)
    chance = random.Random(0)
    files = sorted((tmp_path / "000000002").iterdir())
    for _ in range(count):
        file = chance.choice(files)
        whole = file.read_bytes()
        at = chance.randrange(len(whole))
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(8)]) + whole[at + 1 :])
        found, folder, passed = latest(tmp_path)
        assert folder.name == "000000001", (file.name, at)
        assert found.about["progress"]["images"] == 1
        assert str(file) in passed["000000002"]
        file.write_bytes(whole)
    assert latest(tmp_path)[1].name == "000000002"


@pytest.mark.parametrize("part", state.PARTS)
def test_a_missing_or_cut_file_is_passed_over(tmp_path, part):
    saved(tmp_path, 1, 2)
    file = tmp_path / "000000002" / f"{part}.safetensors"
    file.write_bytes(file.read_bytes()[:-7])
    assert latest(tmp_path)[1].name == "000000001"
    file.unlink()
    assert latest(tmp_path)[1].name == "000000001"


def test_a_pickle_is_never_opened_even_with_the_right_hash(tmp_path):
    saved(tmp_path, 2)
    folder = tmp_path / "000000002"
    torch.save({"a": torch.ones(2)}, folder / "weights.safetensors")
    index = json.loads((folder / INDEX).read_text())
    del index["seal"]
    index["sha256"]["weights.safetensors"] = hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest()
    (folder / INDEX).write_bytes(sealed(index))
    with pytest.raises(CheckpointError, match=r"no safetensors file|damaged or hostile"):
        load_checkpoint(folder)


def test_a_newer_version_says_so(tmp_path):
    saved(tmp_path, 2)
    file = tmp_path / "000000002" / INDEX
    index = json.loads(file.read_text())
    del index["seal"]
    file.write_bytes(sealed(index | {"version": 99}))
    with pytest.raises(CheckpointError, match=r"version 99.*update Sfumato"):
        load_checkpoint(file.parent)


def test_nothing_sound_names_every_reason(tmp_path):
    saved(tmp_path, 1)
    (tmp_path / "000000001" / INDEX).unlink()
    with pytest.raises(CheckpointError, match=r"no sound checkpoint to resume from.*missing or damaged"):
        latest(tmp_path)


def test_killed_at_any_touch_of_the_disk_a_sound_checkpoint_is_left(tmp_path):
    """R1: every crash point of one save, in processes that die there (crash_points.py)."""
    codes = script("crash_points.py", tmp_path)
    assert codes == [77] * (len(codes) - 1) + [0]
    assert len(codes) > 15
    torn = 0
    for point, code in enumerate(codes, start=1):
        folder = tmp_path / str(point)
        torn += any(p.name.startswith(".") for p in folder.iterdir())
        found, place, _ = latest(folder)
        assert found.about["progress"]["images"] == int(place.name)
        assert place.name == "000000002" or code == 77
        save_checkpoint(folder / "000000003", checkpoint(3), keep=2)
        assert latest(folder)[1].name == "000000003"
    assert torn >= 15


@pytest.mark.parametrize("count", [40, pytest.param(200, marks=pytest.mark.slow)])
def test_killed_at_random_moments_nothing_is_lost(tmp_path, count):
    """R1: no corrupted checkpoint is taken, none is lost; and the kills did hit saves, of which many ended well."""
    found = script("kills.py", "kills", tmp_path, count)
    values = found["values"]
    assert len(values) == count + 1
    assert values == sorted(values)
    assert found["passed"] == 0
    assert found["torn"] >= count // 8
    assert len(set(values)) >= count // 8


def test_of_two_trainers_that_want_a_run_at_once_one_gets_it(tmp_path):
    assert script("kills.py", "races", tmp_path, 20)["codes"] == [[0, 2]] * 20


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_a_full_or_read_only_disk_is_named_and_the_old_checkpoint_stays(tmp_path, monkeypatch, error):
    saved(tmp_path, 1)
    for k in range(1, 5):
        calls = []

        def failing(path, data, calls=calls, k=k, real=state.write_durably):
            calls.append(path)
            if len(calls) == k:
                raise OSError(error, os.strerror(error), str(path))
            real(path, data)

        with monkeypatch.context() as patch:
            patch.setattr(state, "write_durably", failing)
            with pytest.raises(OutputError, match="000000002"):
                save_checkpoint(tmp_path / "000000002", checkpoint(2), keep=2)
        assert len(calls) == k
        assert [p.name for p in tmp_path.iterdir()] == ["000000001"]
        assert latest(tmp_path)[1].name == "000000001"


def test_two_trainers_cannot_share_a_run(tmp_path):
    first = RunFolder(tmp_path / "run")
    with pytest.raises(OutputError, match="another trainer is at work"):
        RunFolder(tmp_path / "run")
    first.close()
    RunFolder(tmp_path / "run").close()


def test_a_folder_that_was_made_for_nothing_goes_away(tmp_path):
    unused = RunFolder(tmp_path / "runs" / "one")
    unused.close()
    assert not unused.path.exists()
    found = tmp_path / "found"
    found.mkdir()
    RunFolder(found).close()
    assert [place.name for place in found.iterdir()] == ["lock"], "it was there before"
    used = RunFolder(tmp_path / "used")
    used.log({"event": "start"})
    used.close()
    assert (used.path / "log.jsonl").exists()


def test_a_damaged_checkpoint_set_aside_no_longer_counts_among_those_kept(tmp_path):
    run = RunFolder(tmp_path / "run")
    for value in (1, 2, 3):
        run.save(value, checkpoint(value), keep=5)
    for name in ("000000002", "000000003"):
        (tmp_path / "run" / "checkpoints" / name / INDEX).write_text("{}")
    _, place, passed = run.latest()
    run.set_aside(list(passed))
    assert place.name == "000000001"
    run.save(2, checkpoint(2), keep=2)
    assert [p.name for p in listed(tmp_path / "run" / "checkpoints")] == ["000000001", "000000002"]
    run.close()
