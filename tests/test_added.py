"""Weights as what they add to others: exact to half a step, in a model folder as good as whole ones, shipped once."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.test_fast import write_student

import sfumato
from by_path import loaded
from sfumato import checkpoint, rng
from sfumato.added import added, taken_from
from sfumato.errors import CheckpointError
from sfumato.weights import parse, serialise
from tiny import write_tiny

SCRIPTS = Path(__file__).parents[1] / "scripts"


def drawn(shape, step, scale=1.0):
    return scale * torch.from_numpy(rng.normal(3, shape, stream=rng.DATA, step=step))


@pytest.fixture
def base():
    return {
        "conv": drawn((6, 4, 3, 3), 0),
        "linear": drawn((5, 7), 1),
        "bias": drawn((5,), 2),
        "same": drawn((4, 4), 3),
    }


@pytest.fixture
def student(base):
    near = {name: value + drawn(tuple(value.shape), 10 + k, 0.01) for k, (name, value) in enumerate(base.items())}
    return near | {"dials": drawn((3, 1), 20), "same": base["same"].clone()}


def test_each_weight_is_within_half_a_step_of_its_channel(base, student):
    whole = added(parse(serialise(taken_from(student, base)), "it"), base)
    assert set(whole) == set(student)
    for name in ("conv", "linear"):
        most = (student[name] - base[name]).flatten(1).abs().amax(dim=1)
        off = (whole[name] - student[name]).flatten(1).abs().amax(dim=1)
        assert (off <= most / 254 * 1.001 + 1e-7).all()
        assert off.max() > most.max() / 1000, "eight bits, and not the weights themselves"
    assert torch.equal(whole["same"], base["same"])
    for name in ("bias", "dials"):
        torch.testing.assert_close(whole[name], student[name], rtol=1e-3, atol=1e-6)


def test_it_is_small():
    """A byte a weight, where whole ones have two."""
    base = {"conv": drawn((64, 32, 3, 3), 0), "linear": drawn((64, 48), 1), "bias": drawn((64,), 2)}
    near = {name: value + 0.01 for name, value in base.items()}
    small, whole = (
        len(serialise(tensors)) for tensors in (taken_from(near, base), {n: v.half() for n, v in near.items()})
    )
    weights = 64 * (32 * 9 + 48)
    assert weights < small < 1.06 * weights
    assert small < 0.55 * whole


@pytest.mark.parametrize("wrong", ["shape", "name", "scale"])
def test_another_base_is_refused(base, student, wrong):
    parts = taken_from(student, base)
    if wrong == "scale":
        del parts["conv.scale"]
    else:
        base["conv"] = drawn((6, 4, 1, 1), 0)
    if wrong == "name":
        del base["conv"]
    with pytest.raises(CheckpointError, match="'conv' adds to nothing in its base"):
        added(parts, base)


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """The tiny model as a shipped one, and its student shipped beside it by the script."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(checkpoint, "MODELS", tmp_path / "shipped")
    monkeypatch.setattr(checkpoint, "BLOBS", tmp_path / "shipped" / "blobs")
    monkeypatch.syspath_prepend(str(SCRIPTS))
    teacher = write_tiny(tmp_path / "shipped" / "tiny")
    folder = write_student(tmp_path / "run", teacher)
    script = loaded("scripts/ship_student.py")
    monkeypatch.setattr(sys, "argv", ["ship_student.py", str(folder), "--set", "steps=2", "--card", "note=here"])
    script.main()
    sys.modules.pop("ship_model", None)
    return folder


def test_a_shipped_student_draws_nearly_as_the_whole_one(shipped, tmp_path):
    (whole,), (small,) = (
        sfumato.load(source).generate("a red apple", steps=3)
        for source in (shipped, tmp_path / "shipped" / "tiny-fast")
    )
    assert np.abs(np.asarray(whole.image).astype(int) - np.asarray(small.image)).max() <= 24
    model = sfumato.load("tiny", fast=True)
    assert (model.name, model.card["note"], model.recipe("").steps) == ("tiny-fast", "here", 2)


def test_the_teacher_s_weights_are_there_once(shipped, tmp_path):
    teacher = json.loads((tmp_path / "shipped" / "tiny" / "sfumato.json").read_text())["files"]["denoiser"]
    table = json.loads((tmp_path / "shipped" / "tiny-fast" / "sfumato.json").read_text())
    assert table["files"]["base"]["sha256"] == teacher["sha256"]
    assert not list((tmp_path / "shipped").rglob("base*"))
    assert not (tmp_path / "shipped" / "blobs" / f"{teacher['sha256']}.safetensors").exists()


def test_by_itself_it_has_all_and_stays_the_same_model(shipped, tmp_path):
    made = checkpoint.standalone("tiny-fast", tmp_path / "alone")
    assert (tmp_path / "alone" / "base.safetensors").is_file()
    assert made.model_hash == checkpoint.read_manifest(checkpoint.find("tiny-fast")).model_hash
    hashes = {sfumato.load(s).generate("cats", steps=1)[0].pixels_sha256 for s in ("tiny-fast", tmp_path / "alone")}
    assert len(hashes) == 1


def test_without_its_teacher_it_says_so(shipped, tmp_path):
    (tmp_path / "shipped" / "tiny" / "denoiser.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"base\.safetensors is missing"):
        sfumato.load("tiny-fast")


def test_a_student_of_nothing_shipped_is_shipped_whole(shipped, tmp_path, monkeypatch):
    script = loaded("scripts/ship_student.py")
    other = write_tiny(tmp_path / "other", seed=10, name="other")
    folder = write_student(tmp_path / "mine", other)
    monkeypatch.setattr(sys, "argv", ["ship_student.py", str(folder)])
    with pytest.raises(CheckpointError, match=r"learnt from 'other', which does not ship; scripts/ship_model\.py"):
        script.main()
