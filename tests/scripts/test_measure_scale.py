"""scripts/measure_scale.py: a law that is known is found again, and the whole command with small models."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from by_path import loaded
from held_out import Thumbnail, with_held_out
from sfumato.evaluate.interval import Estimate
from sfumato.model import Model
from tiny import write_tiny

SHOWN = (100_000, 200_000, 400_000, 800_000)


@pytest.fixture(scope="module")
def script():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[2] / "scripts"))
        yield loaded("scripts/measure_scale.py")
    for name in ("measure_choices", "measure_levels"):
        sys.modules.pop(name, None)


def test_a_law_with_a_floor_is_found_again(script):
    """KID = 20 + 90000 N^-0.5, each resample with its own height."""
    height = np.random.default_rng(0).uniform(0.8, 1.2, 1000)
    above = 9e4 * np.array(SHOWN, float) ** -0.5
    found = [script.Found((Estimate(20.0 + k, 0.0, 0.0), 20.0 + height * k), None) for k in above]
    told = script.foretold(SHOWN, found, (Estimate(20.0, 20.0, 20.0), np.full(1000, 20.0)))
    assert told["exponent"].value == pytest.approx(0.5)
    assert told["exponent"].low == pytest.approx(told["exponent"].high)
    further = told["further"][8_000_000]
    assert further.value == pytest.approx(20.0 + 9e4 * 8e6**-0.5)
    assert further.low < further.value < further.high


def test_what_lies_below_the_floor_is_next_to_nothing(script):
    log_a, b = script.fitted(SHOWN, np.array([[5.0, 2.0, -1.0, -3.0]]))
    assert np.isfinite(log_a).all()
    assert b[0] > 1.0


def test_one_model_is_no_curve(script, tmp_path):
    folder = write_tiny(tmp_path / "tiny")
    told = json.loads((folder / "sfumato.json").read_text("utf-8"))
    told["card"]["images"] = 1000
    (folder / "sfumato.json").write_text(json.dumps(told), "utf-8")
    with pytest.raises(SystemExit, match="two models or more"):
        script.in_order([str(folder), f"{folder}=again"])


def test_the_floor_is_the_autoencoder_alone(script, tmp_path, tiny_model):
    """Not a step of the denoiser: a model that is all noise has the same."""
    data, cache = with_held_out(tmp_path / "glyphs.parquet"), tmp_path / "cache"
    ground = script.open_ground(data, split="tune", features=Thumbnail(), cache=cache, limit=6)
    found, _ = script.floor_of(tiny_model, ground, Thumbnail(), cache)
    worse = Model(replace(tiny_model.bundle, denoiser=None))
    assert script.floor_of(worse, ground, Thumbnail(), cache)[0] == found


def test_the_whole_command(script, tmp_path, monkeypatch, capsys):
    models = []
    for k, shown in enumerate((1000, 8000)):
        folder = write_tiny(tmp_path / f"a tiny {k}")
        told = json.loads((folder / "sfumato.json").read_text("utf-8"))
        told["card"]["images"] = shown
        (folder / "sfumato.json").write_text(json.dumps(told), "utf-8")
        models.append(str(folder))
    data = with_held_out(tmp_path / "glyphs.parquet")
    monkeypatch.setattr(script, "load_features", lambda device: Thumbnail())
    words = [
        str(data),
        f"{models[1]}=other latents",
        models[0],
        "--settings",
        "steps=2",
        "--limit",
        "6",
        "--out",
        str(tmp_path / "runs"),
    ]
    words += ["--cache", str(tmp_path / "cache"), "--page", str(tmp_path / "scale.md")]
    monkeypatch.setattr(sys, "argv", ["measure_scale.py", *words])
    script.main()
    text = (tmp_path / "scale.md").read_text("utf-8")
    assert text in capsys.readouterr().out
    first, second = (line.split("|")[2].strip() for line in text.splitlines() if line.startswith("| tiny"))
    assert (first, second) == ("1,000", "8,000"), "in the order of what was seen"
    assert "| 240,000 |" in text
    assert text.count("| other latents |") == 1
    assert "over 8.0 times as many pictures" in text
