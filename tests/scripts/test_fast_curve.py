"""The curve of few steps: its ways, its verdicts on numbers that are known, and the whole of it with small models."""

import json
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.test_fast import write_student

import sfumato
from by_path import loaded
from held_out import Thumbnail, with_held_out
from sfumato import checkpoint
from sfumato.errors import RecipeError
from sfumato.evaluate.ground import open_ground
from sfumato.evaluate.interval import Estimate
from sfumato.pipeline import trace
from sfumato.process.rectified import Rectified
from sfumato.samplers import SAMPLERS
from tiny import write_tiny

FOLDER = Path(__file__).parents[2] / "recipes" / "fast"
NAMES = ("ways", "orderings", "curve", "curve_plot", "curve_page")


@pytest.fixture(scope="module")
def curve():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        yield loaded("recipes/fast/curve.py")
    for name in NAMES:
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def ways(curve):
    return sys.modules["ways"]


@pytest.fixture(scope="module")
def orderings(curve):
    return sys.modules["orderings"]


def test_the_ways_are_those_of_the_issue(ways):
    names = [way.name for way in ways.ways()]
    assert names[:3] == ["student-1", "student-2", "student-4"]
    assert names[-7:] == [f"{sampler}-50" for sampler in ways.CANDIDATES]
    assert {"ddpm", "ddim", "dpmpp-2m", "unipc", "heun", "euler-ancestral", "dpmpp-2m-sde"} == set(ways.CANDIDATES)
    assert len(names) == len(set(names)) == 3 + 3 * 4 + 3 * 2 + 7


def test_the_teacher_s_best_is_among_all_that_its_card_found_good(ways):
    """The samplers that were tried on tune at 20 steps."""
    said = checkpoint.read_manifest(checkpoint.find("tavola")).card["chosen_on_tune"][0]
    tried = {sampler for sampler in SAMPLERS if f" {sampler} " in said}
    assert {"ddpm", "euler-ancestral"} <= tried <= set(ways.CANDIDATES)


@pytest.mark.parametrize(
    ("sampler", "asked", "steps", "evaluations"),
    [("ddim", 8, 8, 8), ("heun", 8, 5, 8), ("heun", 32, 17, 32), ("unipc", 8, 8, 8), ("consistency", 1, 1, 1)],
)
def test_steps_are_as_many_as_fit(ways, sampler, asked, steps, evaluations):
    way = ways.Way(sampler=sampler, asked=asked)
    assert ways.steps_for(way, Rectified(), "trailing") == (steps, evaluations)


def test_pndm_pays_for_its_warm_up(ways):
    steps, evaluations = ways.steps_for(ways.Way(sampler="pndm", asked=16), Rectified(), "trailing")
    assert steps < evaluations <= 16


def known(value, spread=1.0, seed=0):
    each = value + spread * np.random.default_rng(seed).normal(size=1000)
    return Estimate(value, value - 2 * spread, value + 2 * spread), each


def test_verdicts(orderings):
    found = {"ddim-8": known(10.0), "ddpm-8": known(50.0), "dpmpp-2m-8": known(10.5), "unipc-8": known(90.0, seed=1)}
    by = {(entry["better"], entry["worse"]): entry for entry in orderings.judged(found)}
    assert by["ddim-8", "ddpm-8"]["verdict"] == "holds"
    assert by["ddim-8", "ddpm-8"]["difference"] == [-40.0, -40.0, -40.0], "paired: the same resamples"
    assert by["dpmpp-2m-8", "ddim-8"]["verdict"] == "fails"
    assert by["unipc-8", "dpmpp-2m-8"]["verdict"] == "fails"
    assert len(by) == 3
    wide = {"student-2": known(9.0, 5.0), "student-1": known(10.0, 5.0, seed=1)}
    assert orderings.judged(wide)[0]["verdict"] == "holds, not surely"
    swapped = {"student-2": wide["student-1"], "student-1": wide["student-2"]}
    assert orderings.judged(swapped)[0]["verdict"] == "fails, not surely"


def test_the_student_is_held_against_the_best_teacher(orderings):
    found = {"ddim-50": known(100.0), "unipc-50": known(80.0), "student-4": known(100.0), "student-1": known(150.0)}
    assert orderings.best_of(found) == "unipc-50"
    four, one = orderings.limits(found)
    assert (four["teacher"], four["ratio"][0], four["verdict"]) == ("unipc-50", 1.25, "missed")
    assert (one["ratio"][0], one["verdict"]) == (1.875, "reached")
    assert orderings.limits({"student-4": known(1.0)}) == []


def test_the_student_is_held_against_the_least_of_the_whole_curve_too(orderings):
    found = {"ddim-50": known(100.0), "ddim-8": known(50.0), "student-4": known(75.0), "student-1": known(40.0)}
    least = {entry["student"]: (entry["teacher"], entry["ratio"][0]) for entry in orderings.beside_least(found)}
    assert least == {"student-4": ("ddim-8", 1.5), "student-1": ("ddim-8", 0.8)}
    assert orderings.beside_least({"student-4": known(1.0)}) == []


@pytest.mark.parametrize(
    ("guidance", "passes"),
    [
        ({"scale": 4.0}, 8),
        ({"scale": 4.0, "interval": [0.5, 0.75]}, 6),
        ({"scale": 4.0, "interval": [0.9, 0.95]}, 4),
        ({"scale": 1.0}, 4),
        ({"scale": 0.0}, 4),
        ({"scale": 4.0, "kind": "embedded"}, 4),
    ],
)
def test_passes_are_those_that_are_made(curve, guidance, passes, tiny_model):
    """Four steps at t = 1, 0.75, 0.5, 0.25: two passes inside the interval, one outside; counted on the network."""
    recipe = tiny_model.recipe("a cat", steps=4, sampler="ddim", grid="trailing", guidance=guidance)
    assert curve.passes(recipe, Rectified()) == passes
    if recipe.guidance["kind"] == "embedded":
        return
    rows, whole = [], tiny_model.bundle

    def denoiser(x, level, cond, /):
        rows.append(len(x))
        return whole.denoiser(x, level, cond)

    list(trace(replace(whole, denoiser=denoiser), recipe))
    assert sum(rows) == passes


def test_names_beside_the_plot_stand_clear(curve):
    apart = sys.modules["curve_plot"].apart
    assert apart([100.0, 102.0, 10.0]) == [100.0, 115.0, 10.0]


@pytest.fixture
def report(curve, tmp_path, monkeypatch):
    """The whole command on a small corpus, with small models; drawn, then given again."""
    monkeypatch.chdir(tmp_path)
    teacher = write_tiny(tmp_path / "models" / "tiny")
    write_student(tmp_path / "models" / "tiny-fast", teacher)
    data = with_held_out(tmp_path / "glyphs.parquet")
    few = {"ddim": (2, 4), "heun": (4,), "consistency": (1, 2)}
    monkeypatch.setattr(sys.modules["ways"], "ASKED", few)
    monkeypatch.setattr(curve, "load_features", lambda device: Thumbnail())
    monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path / "cache"))
    words = [str(data), "--out", "runs", "--model", str(teacher), "--prompts", "4", "--docs", "docs"]
    monkeypatch.setattr(sys, "argv", ["curve.py", *words])
    curve.main()
    return curve


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_the_whole_command_twice(report, tmp_path):
    first = json.loads(Path("docs/curve.json").read_text())
    assert list(first["ways"]) == [
        "student-1", "student-2", "ddim-2", "ddim-4", "heun-4",
        "ddpm-50", "ddim-50", "dpmpp-2m-50", "unipc-50", "heun-50", "euler-ancestral-50", "dpmpp-2m-sde-50",
    ]  # fmt: skip
    assert first["ways"]["student-2"]["passes"] == 2
    assert first["ways"]["ddim-4"] | {"kid": None} == {
        "sampler": "ddim", "asked": 4, "steps": 4, "evaluations": 4, "passes": 8, "kid": None,
    }  # fmt: skip
    assert (first["split"], first["prompts"], first["guidance"], first["told"]) == ("tune", 4, 4.0, 5.0)
    assert first["student"]["name"] == "tiny-fast"
    drawn = {path: path.stat().st_mtime_ns for path in Path("runs").rglob("*.png")}
    assert len(drawn) == 12 * 4
    (Path("runs") / "heun-4" / "0002.png").unlink()
    report.main()
    assert json.loads(Path("docs/curve.json").read_text()) == first
    changed = [p for p, when in drawn.items() if p.stat().st_mtime_ns != when]
    assert changed == [Path("runs/heun-4/0002.png")]
    page = Path("docs/curve.md").read_text()
    assert page.count("| DDIM | ") == 3
    assert page.count("| Euler ancestral | 50 | ") == page.count("| DPM-Solver++ 2M SDE | 50 | ") == 1
    assert page.count("times the least KID of the teacher's whole curve") == 2
    assert "student-2 | student-1" in page
    assert "with\nw = 4; student: `tiny-fast`" in page
    assert ", told w = 5." in page
    ET.fromstring(Path("docs/curve.svg").read_text())


def test_what_is_reached_beside_the_teacher(report, monkeypatch):
    script = loaded("recipes/fast/reached.py")
    known = json.loads(Path("docs/curve.json").read_text())
    known["best"] = "heun-50"
    Path("docs/curve.json").write_text(json.dumps(known))
    monkeypatch.setattr(script, "SCALES", (1.0, 4.0))
    monkeypatch.setattr(script, "load_features", lambda device: Thumbnail())
    words = ["glyphs.parquet", "--curve", "docs/curve.json", "--model", "models/tiny", "--limit", "6", "--docs", "docs"]
    monkeypatch.setattr(sys, "argv", ["reached.py", *words])
    script.main()
    found = json.loads(Path("docs/reached.json").read_text())
    assert (found["split"], found["rows"], found["guidance"], found["told"]) == ("tune", 6, 4.0, 5.0)
    assert list(found["kid"]) == ["heun-50", "student-4", "student-1"]
    assert [(entry["student"], entry["teacher"]) for entry in found["limits"]] == [
        ("student-4", "heun-50"),
        ("student-1", "heun-50"),
    ]
    assert [entry["w"] for entry in found["retrieval"]] == [1.0, 4.0]
    for entry in found["retrieval"]:
        gap = entry["student"][0] - entry["teacher"][0]
        assert entry["difference"][0] == pytest.approx(gap, abs=1e-4)
        assert entry["verdict"] == ("reached" if gap >= -5.0 else "missed")
    folders = sorted(path.name for path in Path("runs/reached/tune").iterdir() if path.is_dir())
    assert folders == ["heun-50-w-1", "heun-50-w-4", "student-1-w-5", *(f"student-4-w-{w}" for w in (1, 4, 5))]
    assert "| 4 | " in Path("docs/reached.md").read_text()


@pytest.mark.parametrize("side", ["teacher", "student"])
def test_the_curve_of_another_model_is_refused(side, report, monkeypatch):
    script = loaded("recipes/fast/reached.py")
    known = json.loads(Path("docs/curve.json").read_text())
    known[side]["model_hash"] = "0" * 64
    Path("docs/curve.json").write_text(json.dumps(known))
    monkeypatch.setattr(script, "load_features", lambda device: Thumbnail())
    words = ["glyphs.parquet", "--curve", "docs/curve.json", "--model", "models/tiny", "--limit", "6"]
    monkeypatch.setattr(sys, "argv", ["reached.py", *words])
    with pytest.raises(RecipeError, match=rf"docs/curve\.json is of another {side}, 000000000000.*curve\.py again"):
        script.main()
    assert not Path("runs/reached").exists()


def test_pictures_are_those_of_prompt_and_seed(report):
    model = sfumato.load("models/tiny", fast=True)
    data = Path("glyphs.parquet")
    ground = open_ground(data, split="tune", features=Thumbnail(), cache=Path("cache"), report=lambda *_: None, limit=4)
    (picture,) = model.draw([model.recipe(ground.prompts[2], seed=2, steps=2, guidance=5.0, microbatch=8)])
    from sfumato.provenance.files import read

    assert (read("runs/student-2/0002.png")[1] == np.asarray(picture.image)).all()
