"""The race against the plain diffusers recipe: equal networks, time that is counted, runs that go on, a page."""

import importlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tests.train.tiny_runs import DATA

from sfumato.train.build import described_network
from sfumato.train.material import Place
from sfumato.train.state import listed

FOLDER = Path(__file__).parents[2] / "recipes" / "baseline"
SMALL = (
    "data.size=32", "data.augment=0.0", "watch.split=train", "optimiser.batch=2", "rate.warmup=0", "network.dials=0",
    "network.block_out_channels=[16,16,16,32]", "network.head_dim=16", "network.norm_groups=8",
)  # fmt: skip


@pytest.fixture(scope="module")
def scripts():
    """sides.py and race.py."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER.parent / "ablations"))
        patch.syspath_prepend(str(FOLDER))
        race = importlib.import_module("race")
        yield SimpleNamespace(sides=importlib.import_module("sides"), race=race)


@pytest.fixture
def small(scripts, monkeypatch):
    for name, value in (("WIDTHS", (16, 16, 16, 32)), ("HEADS", 16), ("GROUPS", 8)):
        monkeypatch.setattr(scripts.sides, name, value)
    return scripts


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    return Place(device=torch.device("cpu"), data=DATA, cache=cache, report=lambda *_: None)


def test_the_networks_are_equal_within_a_twentieth(scripts):
    ours = described_network(scripts.sides.recipe_of("ours"))
    with torch.device("meta"):
        theirs = scripts.sides.Theirs()
    counts = [sum(p.numel() for p in net.parameters()) for net in (ours, theirs)]
    assert abs(counts[1] / counts[0] - 1.0) < 0.05


def test_theirs_is_what_their_script_does(scripts):
    recipe = scripts.sides.recipe_of("theirs")
    process, optimiser = recipe.process, recipe.optimiser
    assert (process.schedule, process.parameterisation["kind"]) == ({"kind": "scaled-linear", "T": 1000}, "eps")
    assert (optimiser.kind, optimiser.lr, optimiser.betas, optimiser.weight_decay) == (
        "adamw",
        1e-4,
        (0.9, 0.999),
        0.01,
    )
    assert (optimiser.batch, optimiser.clip, recipe.rate.warmup // optimiser.batch) == (16, 1.0, 500)
    assert (recipe.data.drop, recipe.data.keyword, recipe.space.kind, recipe.data.size) == (0.0, 0.0, "pixels", 64)


def test_their_network_hears_the_prompt_and_not_its_padding(small):
    net = small.sides.network_of("theirs", small.sides.recipe_of("theirs", ["data.size=32"])).eval()
    x, tokens = torch.ones(1, 3, 32, 32), torch.randn(1, 6, 384, generator=torch.Generator().manual_seed(1))
    mask = torch.tensor([[True, True, True, True, False, False]])
    padded, other = tokens.clone(), tokens.clone()
    padded[:, 4:], other[:, :4] = 9.0, 9.0
    with torch.no_grad():
        plain = net(x, 500.0, tokens, mask)
        torch.testing.assert_close(net(x, torch.tensor([500.0]), padded, mask), plain)
        assert (net(x, 500.0, other, mask) - plain).abs().max() > 1e-4
        assert (net(x, 20.0, tokens, mask) - plain).abs().max() > 1e-4


@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_time_ends_a_side_and_a_stopped_one_goes_on(small, place, tmp_path, monkeypatch, side):
    now = iter(range(10**6))
    monkeypatch.setattr(small.race.time, "process_time", lambda: float(next(now)))  # an update takes one second
    monkeypatch.setattr(small.race, "SLICES", 2)
    first = small.race.trainer_of(side, place, 2.0, SMALL)
    small.race.trained(first, tmp_path)
    assert (first.spent, first.progress.images) == (2.0, 4)
    again = small.race.trainer_of(side, place, 4.0, SMALL)
    small.race.trained(again, tmp_path)
    assert (again.spent, again.progress.images) == (4.0, 8)
    assert [path.name for path in listed(tmp_path)] == ["000000008"]
    assert (again.rate() == 0.0) == (side == "ours"), "ours ends at rate zero, theirs is constant"


def test_what_is_measured_and_written(small, place, monkeypatch):
    monkeypatch.setattr(importlib.import_module("measures"), "STEPS", 2)
    trainer = small.race.trainer_of("ours", place, 1.0, SMALL)
    colours = lambda pictures: pictures.reshape(len(pictures), -1, 3).mean(axis=1).astype(np.float32)  # noqa: E731
    found = small.race.measured(trainer, trainer.average.weights, 8, colours)
    assert set(found["kid"]) == {"1.0", "3.0"}
    assert found["kid"][found["best"]][0] == min(value[0] for value in found["kid"].values())
    low, high = found["floor"][1:]
    assert low <= found["floor"][0] <= high
    side = {"parameters": 1234567, "images": 640, "seconds": 90.0, "kid": {"1.0": [9, 8, 10], "3.0": [4, 3, 5]}}
    report = {"rows": 8, "sides": {"ours": side, "theirs": side}, "floor": [0, -1, 1], "ratio": 0.4321}
    text = small.race.page(
        report | {"split": "tune", "date": "2026-01-01", "revision": "f" * 40, "engine": {"torch": "2"}}
    )
    assert "| ours | 1,234,567 | 640 | 1.5 | 9 [8, 10] | 4 [3, 5] |" in text
    assert "ours is 0.43 of theirs" in text
