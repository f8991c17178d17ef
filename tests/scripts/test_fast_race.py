"""The race of few-step methods: its recipes, its table, and two of them from end to end in seconds."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.corpus.test_idx import write

from by_path import loaded
from sfumato.errors import RecipeError
from sfumato.process.density import LogNormal
from sfumato.train.build import described_network
from sfumato.train.noising import Noising

FOLDER = Path(__file__).parents[2] / "recipes" / "fast"
SMALL = [
    "network.block_out_channels=[8,8]",
    'network.attend=["none","none"]',
    "network.head_dim=8",
    "optimiser.batch=4",
    "rate.warmup=0",
]


@pytest.fixture(scope="module")
def race():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        yield loaded("recipes/fast/race.py")
    for name in ("methods", "race_page", "fashion_ruler"):
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def page(race):
    return sys.modules["race_page"]


def test_every_method_is_a_recipe_of_at_most_a_million_parameters(race):
    recipes = {m.name: race.recipe_of(m, Path("runs"), 3, 1000) for m in (race.TEACHER, *race.METHODS)}
    assert list(recipes) == ["teacher", "cd", "lcm", "own-4", "ct", "ict", "mean-flow"]
    for recipe in recipes.values():
        assert sum(p.numel() for p in described_network(recipe).parameters()) <= 1_000_000
        assert (recipe.seed, recipe.rate.images, recipe.rate.cooldown) == (3, 1000, 400)
    taught = {name: recipe.consistency.teacher for name, recipe in recipes.items() if recipe.consistency.teacher}
    assert taught == dict.fromkeys(("cd", "lcm", "own-4"), "runs/teacher-3")
    assert recipes["ict"].consistency.pick == "density"
    assert Noising.of(recipes["ict"].process).density == LogNormal(mean=-1.1, std=2.0)
    assert (recipes["cd"].consistency.target, recipes["ict"].consistency.target) == (0.95, 0.0)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "fashion-mnist"
    write(folder, count=200, size=(28, 28))
    write(folder, "t10k", 60, size=(28, 28))
    return folder


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")
def test_the_command_twice(race, data, tmp_path, monkeypatch):
    monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(race, "TIMED", 1)
    monkeypatch.setattr(race, "EVALUATIONS", (1, 2))
    monkeypatch.setattr(race, "REFERENCE", 3)
    only = ["teacher", "lcm", "ict"]
    flags = ["--out", "runs", "--seconds", "0.4", "--pictures", "40", "--docs", "docs", "--only", *only]
    sets = [part for change in SMALL for part in ("--set", change)]
    monkeypatch.setattr(sys, "argv", ["race.py", str(data), *flags, *sets])
    monkeypatch.chdir(tmp_path)
    race.main()
    found = {name: json.loads(Path(f"runs/{name}-0.json").read_text()) for name in only}
    times = json.loads(Path("runs/times.json").read_text())
    assert set(times) == set(only)
    for name, run in found.items():
        share = 1 if name == "ict" else 2
        assert run["updates"] == max(int(0.4 / share / times[name]["seconds"]), 2)
        assert run["images"] == 4 * run["updates"]
    asked = [(r["guidance"], r["steps"]) for r in found["lcm"]["results"]]
    assert asked == [(1.0, 1), (1.0, 2), (2.0, 1), (2.0, 2)]
    assert [r["steps"] for r in found["teacher"]["results"]] == [1, 2, 3]
    assert all(np.isfinite(r["fd"]).all() for run in found.values() for r in run["results"])
    text = Path("docs/methods.md").read_text()
    assert "Not run yet: cd, own-4, ct, mean-flow." in text
    assert text.count("| lcm |") == 2
    before = {path: path.stat().st_mtime_ns for path in Path("runs").glob("*-0.json")}
    Path("runs/lcm-0.json").unlink()
    race.main()
    again = json.loads(Path("runs/lcm-0.json").read_text())
    assert again["results"] == found["lcm"]["results"], "trained once, drawn again"
    kept = Path("runs/ict-0.json")
    assert kept.stat().st_mtime_ns == before[kept]
    monkeypatch.setattr(sys, "argv", ["race.py", str(data), *flags, *sets, "--seconds", "3"])
    with pytest.raises(RecipeError, match=r"runs was begun with --seconds 0\.4, not 3; give that"):
        race.main()


def run_of(name, fd, seed=0):
    results = [{"guidance": 1.0, "steps": n, "fd": [fd / n, fd / n - 1, fd / n + 1]} for n in (1, 2, 4)]
    return {"method": name, "seed": seed, "results": results, "updates": 7, "parameters": 10, "engine": {"torch": "x"}}


def test_the_table(page):
    runs = {"cd": [run_of("cd", 40.0), run_of("cd", 60.0, 1)], "ct": [run_of("ct", 80.0)]}
    lines = page.table(runs)
    assert lines[2].startswith("| cd | consistency distillation")
    assert "| 50.0 [40.0, 60.0] | 25.0 [20.0, 30.0] | 12.5 [10.0, 15.0] |" in lines[2]
    assert "| 80.0 [79.0, 81.0] |" in lines[3]
    assert lines[0].startswith("| method | what | levels | w |")
    assert "algorithm 2) | shifted | 1 |" in lines[2]
    assert lines[-2] == "Not run yet: lcm, own-4, ict, mean-flow, teacher."
    assert page.best_lines(runs)[0] == "- least at 1 evaluation: cd (w = 1), 50.0"
