"""A recorded picture is the same picture, and a trace reads back as what happened."""

import json
import math

import numpy as np
import pytest
import torch

from sfumato.errors import OutputError, RecipeError
from sfumato.inspect.numbers import rms, step_numbers
from sfumato.inspect.policy import Policy
from sfumato.inspect.recorder import record
from sfumato.inspect.store import read_trace
from sfumato.pipeline import Decoded, trace
from sfumato.samplers.base import Step


@pytest.fixture
def recipe(tiny_model):
    return tiny_model.recipe("a red apple", steps=5, guidance=3.0)


def test_looking_changes_nothing(tiny_model, recipe, tmp_path):
    plain = next(e for e in trace(tiny_model.bundle, recipe) if isinstance(e, Decoded))
    seen = next(e for e in record(tiny_model.bundle, recipe, tmp_path / "t") if isinstance(e, Decoded))
    assert torch.equal(plain.image, seen.image)


def test_a_trace_holds_what_happened(tiny_model, recipe, tmp_path):
    policy = Policy(fields=("x_t", "x0_hat", "eps_hat", "x_next", "cond", "null"), dtype="float32")
    events = list(record(tiny_model.bundle, recipe, tmp_path / "t", policy))
    steps = [e for e in events if isinstance(e, Step)]
    back = read_trace(tmp_path / "t")
    assert back.recipe == recipe
    assert [e["event"] for e in back.events] == ["encoded", *["step"] * 5, "decoded"]
    assert back.events[0]["words"][0] == ["[CLS]", "a", "red", "apple", "[SEP]"]
    assert (tmp_path / "t" / "step-0004.safetensors").is_file()
    for step, entry in zip(steps, back.steps, strict=True):
        arrays = back.arrays(step.i)
        np.testing.assert_array_equal(arrays["x_t"], step.prediction.x_t.numpy())
        np.testing.assert_array_equal(arrays["x_next"], step.x_next.numpy())
        np.testing.assert_array_equal(arrays["null"], step.prediction.terms["null"].eps_hat.numpy())
        rebuilt = step.here.alpha * arrays["x0_hat"] + step.here.sigma * arrays["eps_hat"]
        np.testing.assert_allclose(rebuilt, arrays["x_t"], atol=1e-5)
        assert entry["here"]["t"] == step.here.t
        assert math.isclose(entry["x_t"], float(np.sqrt(np.mean(arrays["x_t"].astype(np.float64) ** 2))), rel_tol=1e-6)
        assert -1.0 <= entry["cosine"] <= 1.0
        assert entry["guidance"] > 0.0


def test_half_precision_every_other_step_and_few_bytes(tiny_model, recipe, tmp_path):
    list(record(tiny_model.bundle, recipe, tmp_path / "a", Policy(every=3, fields=("x_t",))))
    back = read_trace(tmp_path / "a")
    assert [bool(e.get("file")) for e in back.steps] == [True, False, False, True, True]
    assert back.arrays(0)["x_t"].dtype == np.float16
    assert back.arrays(1) == {}
    size = back.arrays(0)["x_t"].nbytes
    list(record(tiny_model.bundle, recipe, tmp_path / "b", Policy(fields=("x_t",), max_bytes=2 * size)))
    assert [bool(e.get("file")) for e in read_trace(tmp_path / "b").steps] == [True, True, False, False, False]


def test_attention_maps_are_kept_by_layer(tiny_model, recipe, tmp_path):
    list(record(tiny_model.bundle, recipe, tmp_path / "t", Policy(attention="*", fields=("x_t",), dtype="float32")))
    maps = {name: a for name, a in read_trace(tmp_path / "t").arrays(2).items() if name.startswith("attention.")}
    assert maps
    for weights in maps.values():
        assert weights.shape[0] == 2, "the prompt and its null"
        np.testing.assert_allclose(weights.sum(axis=-1), 1.0, atol=1e-5)
    with pytest.raises(RecipeError, match="matches"):
        list(record(tiny_model.bundle, recipe, tmp_path / "u", Policy(attention="nothing-like-this")))


def test_a_run_that_is_left_keeps_its_steps(tiny_model, recipe, tmp_path):
    events = record(tiny_model.bundle, recipe, tmp_path / "t")
    for _ in range(3):
        next(events)
    events.close()
    back = read_trace(tmp_path / "t")
    assert [e["event"] for e in back.events] == ["encoded", "step", "step"]


def test_a_trace_is_never_written_over(tiny_model, recipe, tmp_path):
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "mine").write_text("x")
    with pytest.raises(OutputError, match="is not empty"):
        next(record(tiny_model.bundle, recipe, tmp_path / "t"))
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="cannot write"):
        next(record(tiny_model.bundle, recipe, tmp_path / "file"))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"fields": ("x_o",)}, "did you mean 'x_t'|known"),
        ({"dtype": "int8"}, "expected float16 or float32"),
        ({"every": 0}, "trace every is 0"),
        ({"max_bytes": 0}, "trace max_bytes is 0"),
    ],
)
def test_policies_that_cannot_be(settings, words):
    with pytest.raises(RecipeError, match=words):
        Policy(**settings)


def test_damaged_traces(tiny_model, recipe, tmp_path):
    list(record(tiny_model.bundle, recipe, tmp_path / "t"))
    events = tmp_path / "t" / "events.jsonl"
    whole = events.read_text()
    with pytest.raises(RecipeError, match="cannot read"):
        read_trace(tmp_path / "none")
    for damaged, words in (("{", "is not JSON"), ("[]\n", "is no table")):
        events.write_text(damaged)
        with pytest.raises(RecipeError, match=words):
            read_trace(tmp_path / "t")
    lines = [json.loads(line) for line in whole.splitlines()]
    lines[1]["file"] = "../../x.safetensors"
    events.write_text("\n".join(map(json.dumps, lines)))
    with pytest.raises(RecipeError, match="names a file"):
        read_trace(tmp_path / "t").arrays(0)
    events.write_text(whole)
    (tmp_path / "t" / "step-0000.safetensors").write_bytes(b"x" * 50)
    with pytest.raises(RecipeError, match="is damaged"):
        read_trace(tmp_path / "t").arrays(0)


def test_numbers_without_guidance(tiny_model):
    steps = [e for e in tiny_model.trace("a red apple", guidance=1.0) if isinstance(e, Step)]
    entries = step_numbers(steps[0])
    assert "guidance" not in entries
    json.dumps(entries, allow_nan=False)
    assert rms(np.array([3.0, -3.0])) == 3.0
