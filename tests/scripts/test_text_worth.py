"""What a text encoder is worth to a denoiser: the measure where answers are known, and the script on few rows."""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tests.train.tiny_runs import DATA, environment

from by_path import loaded
from sfumato.corpus.paraphrase import kept_back
from sfumato.corpus.rows import Row
from sfumato.errors import CheckpointError
from sfumato.text.score import load_score
from sfumato.train.build import make_network
from sfumato.train.reading import load_recipe

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def worth():
    return loaded("recipes/text/worth.py")


@pytest.fixture(scope="module")
def compare():
    return loaded("recipes/text/compare.py")


def write(folder, name, seed, errors, new):
    families = np.array([f"f{k // 2}" for k in range(errors.shape[-1])])
    np.savez(folder / f"{name}-{seed}.npz", errors=errors, families=families, new=new)


def test_the_four_prompts_of_a_row(worth):
    words = [w for w in (f"{a}{b}{c}" for a in "bdfgk" for b in "aeiou" for c in "mnprst") if kept_back(w)]
    rows = [
        Row(position=0, id="a", caption="a cat", style_phrase="flat", keywords=(words[1], "pet", words[0])),
        Row(position=1, id="b", caption="a dog", style_phrase="round", keywords=("hound",)),
        Row(position=2, id="c", caption="a cow", style_phrase="bold", keywords=(words[2],)),
    ]
    own, other, new, other_new = worth.prompts_of(rows)
    assert own == ["a cat, flat", "a dog, round", "a cow, bold"]
    assert sorted(prompt.split(",")[0] for prompt in other) == ["a cat", "a cow", "a dog"]
    assert not set(other) & set(own)
    assert new == [f"{min(words[:2])}, flat", "a dog, round", f"{words[2]}, bold"]
    assert other_new == [f"{words[2]}, flat", "a dog, round", f"{min(words[:2])}, bold"]


def test_the_sides_differ_in_the_text_encoder_alone(worth):
    found = worth.sides(Path("here"))
    assert list(found) == ["minilm", "tower", "distilled"]
    assert "distilled" not in worth.sides(None)
    for changes in found.values():
        assert all(c.startswith(("text=", "network.token_dim", "network.pooled_dim")) for c in changes)


def test_known_differences_are_found(compare, tmp_path):
    draw = np.random.default_rng(0)
    base, new = draw.uniform(0.5, 1.0, (4, 5, 60)), np.arange(60) % 3 == 0
    base[1], base[2], base[3] = base[0] + 0.2, base[0] + 0.1, base[0] + 0.1 + 0.15 * new
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


def test_a_distillation_begins_with_the_towers_it_is_given():
    distil, recipe = loaded("recipes/text/distil.py"), load_recipe("towers-distilled")
    given = distil.weights_for(recipe, distil.MODELS / "towers")
    born, known = make_network(recipe).state_dict(), load_score("towers").towers.state_dict()
    assert given.keys() == born.keys()
    assert given.keys() - known.keys() == {name for name in born if name.startswith("to_teacher.")}
    assert all(torch.equal(given[name], value) for name, value in known.items())


def test_towers_with_other_words_are_refused():
    distil, closed = loaded("recipes/text/distil.py"), []
    folder = distil.MODELS / "towers"
    known = distil.read_about(folder)["files"]["tokenizer.json"]["sha256"]
    session = SimpleNamespace(facts={"tokenizer": known}, folder=SimpleNamespace(close=lambda: closed.append(True)))
    distil.refuse_other_words(session, folder)
    session.facts["tokenizer"] = "0" * 64
    with pytest.raises(CheckpointError, match="its weights mean other words"):
        distil.refuse_other_words(session, folder)
    assert closed == [True]


@pytest.mark.slow
def test_a_side_is_trained_measured_and_not_repeated(worth, tmp_path):
    small = (
        'space={kind="pixels"}',
        "data.size=16",
        "network.in_channels=3",
        "network.out_channels=3",
        "network.block_out_channels=[32,32,32]",
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
        assert found["errors"].shape == (4, len(worth.LEVELS), 200)
        assert np.isfinite(found["errors"]).all()
        assert found["images"] == 8
        same = ~found["new"]
        assert all(np.array_equal(found["errors"][0][:, same], found["errors"][k][:, same]) for k in (2, 3))
    assert run().stderr == ""
