"""What a text encoder is worth to a denoiser: the measure where answers are known, and the script on few rows."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.train.tiny_runs import DATA, environment

from sfumato.corpus.paraphrase import kept_back
from sfumato.corpus.rows import Row

ROOT = Path(__file__).parents[2]


def loaded(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "recipes" / "text" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def worth():
    return loaded("worth")


@pytest.fixture(scope="module")
def compare():
    return loaded("compare")


def write(folder, name, seed, errors, new):
    families = np.array([f"f{k // 2}" for k in range(errors.shape[-1])])
    np.savez(folder / f"{name}-{seed}.npz", errors=errors, families=families, new=new)


def test_the_three_prompts_of_a_row(worth):
    kept = next(w for w in (f"{a}{b}{c}" for a in "bdfgk" for b in "aeiou" for c in "mnprst") if kept_back(w))
    rows = [
        Row(position=0, id="a", caption="a cat", style_phrase="flat", keywords=(kept, "pet")),
        Row(position=1, id="b", caption="a dog", style_phrase="round", keywords=("hound",)),
    ]
    own, other, new = worth.prompts_of(rows)
    assert own == ["a cat, flat", "a dog, round"]
    assert other == ["a dog, flat", "a cat, round"]
    assert new == [f"{kept}, flat", "a dog, round"]


def test_the_sides_differ_in_the_text_encoder_alone(worth):
    found = worth.sides(Path("here"))
    assert list(found) == ["minilm", "tower", "distilled"]
    assert "distilled" not in worth.sides(None)
    for changes in found.values():
        assert all(c.startswith(("text=", "network.token_dim", "network.pooled_dim")) for c in changes)


def test_known_differences_are_found(compare, tmp_path):
    draw = np.random.default_rng(0)
    base, new = draw.uniform(0.5, 1.0, (3, 5, 60)), np.arange(60) % 3 == 0
    base[1], base[2] = base[0] + 0.2, base[0] + 0.2 - 0.15 * new
    for seed, gap in ((0, 0.02), (1, 0.04)):
        write(tmp_path, "minilm", seed, base, new)
        write(tmp_path, "tower", seed, base + gap, new)
    lines = compare.table(tmp_path, ["minilm", "tower", "distilled"]).splitlines()
    first, tower = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:4])
    assert first[0] == "minilm"
    assert first[4] == ""
    assert tower[4] == "+0.0300 (+0.0300 to +0.0300); each seed +0.0200, +0.0400"
    assert tower[5] == "+0.2000 (+0.2000 to +0.2000)"
    assert tower[6] == "+0.1500 (+0.1500 to +0.1500)"
    low, high = map(float, re.search(r"\(([\d.]+) to ([\d.]+)\)", first[2]).groups())
    assert low < base[0].mean() < high
    assert lines[-1] == "missing: distilled"


@pytest.mark.slow
def test_a_side_is_trained_measured_and_not_repeated(worth, tmp_path):
    small = (
        'space={kind="pixels"}',
        "data.size=32",
        "network.in_channels=3",
        "network.out_channels=3",
        "network.block_out_channels=[16,32,32]",
        "optimiser.batch=4",
        "rate.images=8",
        "watch.split=train",
        "watch.checkpoint=4",
    )
    sets = [part for change in small for part in ("--set", change)]
    command = [sys.executable, str(ROOT / "recipes" / "text" / "worth.py"), str(DATA), "--out", str(tmp_path / "runs")]
    place = {**environment(tmp_path / "cache"), "PYTHONPATH": os.pathsep.join(sys.path)}

    def run():
        asked = [*command, "--only", "tower:0", *sets]
        return subprocess.run(asked, env=place, capture_output=True, text=True, timeout=300, check=False)

    first = run()
    assert first.returncode == 0, first.stderr
    assert "tower-0.npz measured" in first.stderr
    with np.load(tmp_path / "runs" / "tower-0.npz", allow_pickle=False) as found:
        assert found["errors"].shape == (3, len(worth.LEVELS), 200)
        assert np.isfinite(found["errors"]).all()
        assert found["images"] == 8
        same = ~found["new"]
        assert np.array_equal(found["errors"][0][:, same], found["errors"][2][:, same])
    assert run().stderr == ""
