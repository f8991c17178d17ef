"""scripts/measure_choices.py: ways are read as they are written, drawn once, and held against the first."""

import sys

import numpy as np
import pytest

from by_path import loaded
from held_out import Thumbnail, with_held_out
from sfumato.evaluate.interval import Estimate
from tiny import write_tiny


@pytest.fixture(scope="module")
def script():
    return loaded("scripts/measure_choices.py")


def test_a_way_is_read_as_toml_or_as_words(script):
    way = "model=runs/a steps=8 guidance=7.5 interval=[0.2,0.8] sampler=ddpm"
    assert script.settings_of(way) == {
        "model": "runs/a",
        "steps": 8,
        "guidance": 7.5,
        "interval": [0.2, 0.8],
        "sampler": "ddpm",
    }
    assert script.settings_of("") == {}
    with pytest.raises(SystemExit, match="'ddim' is no NAME=VALUE"):
        script.settings_of("ddim")


def test_differences_are_paired(script):
    """Two ways that always differ by 3 do so for certain, however wide their intervals are."""
    each = np.random.default_rng(0).normal(100.0, 20.0, 1000)
    first = script.Found((Estimate(100.0, 60.0, 140.0), each), None)
    second = script.Found((Estimate(97.0, 57.0, 137.0), each - 3.0), None)
    assert script.told(second, first) == "97.0 [57.0, 137.0] | -3.0 [-3.0, -3.0] | - | -"


def test_the_whole_command_draws_nothing_twice(script, tmp_path, monkeypatch, capsys):
    model = write_tiny(tmp_path / "models" / "tiny")
    data = with_held_out(tmp_path / "glyphs.parquet")
    monkeypatch.setattr(script, "load_features", lambda device: Thumbnail())
    ways = [f"model={model} steps=2", f"model={model} steps=2 guidance=1"]
    words = ["measure_choices.py", str(data), "--limit", "6", "--out", str(tmp_path / "runs")]
    words += ["--cache", str(tmp_path / "cache")]

    def lines(*chosen):
        monkeypatch.setattr(sys, "argv", [*words, *(word for way in chosen for word in ("--way", way))])
        script.main()
        return capsys.readouterr().out.splitlines()[2:]

    both = lines(*ways)
    assert len(both) == 2
    above = [line.split("|")[3].strip() for line in both]
    assert above[0] == "+0.0 [+0.0, +0.0]" != above[1]
    drawn = sorted((tmp_path / "runs").glob("*/*.png"))
    assert len(drawn) == 12
    times = [path.stat().st_mtime_ns for path in drawn]
    assert lines(ways[1], ways[0])[1].split("|")[:3] == both[0].split("|")[:3]
    assert [path.stat().st_mtime_ns for path in drawn] == times
