"""A run packed and unpacked is the same to the bit; what is no run is refused, whatever it is."""

import io
import json
import zipfile

import numpy as np
import pytest
import safetensors.numpy
import torch

from sfumato.errors import RecipeError
from sfumato.inspect.archive import LIMIT, pack, unpack
from sfumato.inspect.fork import Leg, fork
from sfumato.inspect.store import read_trace
from sfumato.pipeline import Decoded, Encoded, trace
from sfumato.samplers.base import Step

REFERENCE = torch.zeros(1)


def packed(model, **settings):
    recipe = model.recipe("a red apple", **({"steps": 4, "guidance": 3.0} | settings))
    events = list(trace(model.bundle, recipe))
    steps = [event for event in events if isinstance(event, Step)]
    return pack([Leg(recipe=recipe)], events[0], steps, events[-1]), recipe, steps


@pytest.fixture(scope="module")
def whole(tiny_model):
    return packed(tiny_model)


def entries(data):
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return {name: file.read(name) for name in file.namelist()}


def rezipped(files, method=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        for name, data in files.items():
            file.writestr(name, data)
    return out.getvalue()


def test_it_comes_back_to_the_bit(whole):
    data, recipe, steps = whole
    back = unpack(data, REFERENCE)
    assert [(leg.recipe, leg.start) for leg in back.legs] == [(recipe, 0)]
    for one, other in zip(steps, back.steps, strict=True):
        for name in ("x_t", "x0_hat", "eps_hat"):
            assert torch.equal(getattr(one.prediction, name), getattr(other.prediction, name))
        assert torch.equal(one.x_next, other.x_next)
        assert (one.here.t, one.there.sigma) == (other.here.t, other.there.sigma)
        for name, term in one.prediction.terms.items():
            assert torch.equal(term.x0_hat, other.prediction.terms[name].x0_hat)


def test_the_same_run_is_the_same_file_and_a_trace(whole, tiny_model, tmp_path):
    assert packed(tiny_model)[0] == whole[0]
    for name, data in entries(whole[0]).items():
        (tmp_path / name).write_bytes(data)
    assert [event["event"] for event in read_trace(tmp_path).events] == ["encoded", *["step"] * 4, "decoded"]


def test_a_fork_keeps_its_legs(tiny_model):
    legs = [Leg(recipe=tiny_model.recipe(steps=4, guidance=w), start=start) for w, start in ((2.0, 0), (5.0, 2))]
    events = list(fork(tiny_model.bundle, legs))
    steps = [event for event in events if isinstance(event, Step)]
    told = [event for event in events if isinstance(event, Encoded)]
    back = unpack(pack(legs, told[-1], steps, next(e for e in events if isinstance(e, Decoded))), REFERENCE)
    assert back.legs == tuple(legs)
    assert torch.equal(back.steps[3].x_next, steps[3].x_next)


def test_a_run_that_was_stopped(whole):
    _, recipe, steps = whole
    back = unpack(pack([Leg(recipe=recipe)], None, steps[:2], None), REFERENCE)
    assert len(back.steps) == 2


def changed_event(files, k, **changes):
    lines = [json.loads(line) for line in files["events.jsonl"].splitlines()]
    lines[k] |= changes
    return files | {"events.jsonl": "\n".join(map(json.dumps, lines)).encode()}


def changed_array(files, name, array):
    arrays = safetensors.numpy.load(files["step-0001.safetensors"])
    return files | {"step-0001.safetensors": safetensors.numpy.save(arrays | {name: array})}


BAD = {
    "a name that leads away": lambda f: f | {"../x": b""},
    "another file": lambda f: f | {"run.py": b""},
    "no recipe": lambda f: {k: v for k, v in f.items() if k != "recipe.json"},
    "no events": lambda f: {k: v for k, v in f.items() if k != "events.jsonl"},
    "a step's arrays gone": lambda f: {k: v for k, v in f.items() if k != "step-0001.safetensors"},
    "no step": lambda f: f | {"events.jsonl": b""},
    "damaged arrays": lambda f: f | {"step-0001.safetensors": b"\x00" * 40},
    "deep JSON": lambda f: f | {"events.jsonl": b"[" * 100_000},
    "another file named": lambda f: changed_event(f, 2, file="../../x"),
    "a level that is none": lambda f: changed_event(f, 2, here={"t": 2.0, "alpha": 1.0, "sigma": 0.0}),
    "a level not finite": lambda f: changed_event(f, 2, here={"t": 0.5, "alpha": float("nan"), "sigma": 0.0}),
    "a level of text": lambda f: changed_event(f, 2, there="t"),
    "a step out of order": lambda f: changed_event(f, 2, i=3),
    "legs that are none": lambda f: changed_event(f, 0, event="legs", legs=[1]),
    "legs of nothing": lambda f: changed_event(f, 0, event="legs", legs=[]),
    "arrays not finite": lambda f: changed_array(f, "x_t", np.full((1, 4, 16, 16), np.nan, np.float32)),
    "arrays too large": lambda f: changed_array(f, "x_t", np.full((1, 4, 16, 16), 1e9, np.float32)),
    "arrays of another shape": lambda f: changed_array(f, "x0_hat", np.zeros((1, 4, 2, 2), np.float32)),
    "arrays of whole numbers": lambda f: changed_array(f, "x_t", np.zeros((1, 4, 16, 16), np.int64)),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_run_is_refused(whole, what):
    with pytest.raises(RecipeError):
        unpack(rezipped(BAD[what](entries(whole[0]))), REFERENCE)


@pytest.mark.parametrize("data", [b"", b"PK\x05\x06", b"PK\x03\x04" + b"\x00" * 60, b"\x00" * (LIMIT + 1)])
def test_bytes_that_are_no_zip(data):
    with pytest.raises(RecipeError):
        unpack(data, REFERENCE)


def test_one_that_unpacks_to_much_more_is_refused_unread(whole):
    bomb = entries(whole[0]) | {f"step-{k:04d}.safetensors": b"\0" * (1 << 20) for k in range(10, 10 + (LIMIT >> 20))}
    data = rezipped(bomb, zipfile.ZIP_DEFLATED)
    assert len(data) < LIMIT // 20
    with pytest.raises(RecipeError, match="unpacks to more"):
        unpack(data, REFERENCE)


def test_every_cut_and_flipped_byte_is_refused_or_the_same(whole):
    data = whole[0]
    for k in range(0, len(data), len(data) // 20):
        flipped = data[:k] + bytes([data[k] ^ 0x41]) + data[k + 1 :]
        for bad in (data[:k], flipped):
            try:
                unpack(bad, REFERENCE)
            except RecipeError:
                continue
