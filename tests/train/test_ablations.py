"""The yardstick: variants that can be built, measures that mean the same for all, a table that says what is missing."""

import importlib
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tests.train.tiny_runs import DATA

from sfumato.conditioner import Conditioning
from sfumato.corpus.rows import Row
from sfumato.train.augment import refuse_augment
from sfumato.train.build import described_network
from sfumato.train.material import Place
from sfumato.train.noising import Noising
from sfumato.train.reading import load_recipe

FOLDER = Path(__file__).parents[2] / "recipes" / "ablations"
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def scripts():
    """The files of recipes/ablations."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        yield SimpleNamespace(
            **{n: importlib.import_module(n) for n in ("ladder", "measures", "run", "shapes", "shapes_page", "table")}
        )


def test_every_variant_is_a_sound_recipe_of_at_most_three_million_parameters(scripts):
    for variant in scripts.ladder.VARIANTS:
        recipe = scripts.run.recipe_of(variant, 1, 100)
        Noising.of(recipe.process)
        assert sum(p.numel() for p in described_network(recipe).parameters()) <= 3_000_000
        assert (recipe.seed, recipe.rate.images, recipe.data.size) == (1, 3200, 32)
        if recipe.data.augment:
            refuse_augment(recipe)


def test_every_shape_is_the_base_with_another_network_or_other_data_alone(scripts):
    base = scripts.run.recipe_of(scripts.ladder.NAMED["base"])
    told = ("modulation", "text_norm", "pooled_dim")
    flagship = load_recipe("tavola").network
    assert [base.network[key] for key in told] == [flagship[key] for key in told]
    kinds = set()
    for variant in scripts.shapes.SHAPES[1:]:
        recipe = scripts.run.recipe_of(variant)
        network, data = described_network(recipe), recipe.data
        kinds.add(type(network).__name__)
        assert (recipe.network == base.network) != (data == base.data), variant.name
        assert variant.same_network == (recipe.network == base.network), variant.name
        same = replace(recipe, name="base", network=base.network, data=base.data)
        assert same == base, variant.name
    assert kinds == {"UNet", "DiT"}
    named = [source.name for source in scripts.run.recipe_of(scripts.ladder.NAMED["both"]).data.sources]
    assert named == ["glyphs", "glyphs-tones", "clipart-extra"]


def test_the_page_of_shapes_says_what_is_there(scripts):
    found = {"base": {s: made_up("base", s, 0.1) for s in (0, 1)}, "wide": {0: made_up("wide", 0, 0.05)}}
    page = scripts.shapes_page.page(found)
    assert "| wide | widths 48, 96, 144 | 1 of 1 | 2.50 | 900 | 470 | 50.00 (-50.0 %) | 5.0 | 200.0 | 150.0 |" in page
    assert "| deep | two blocks a level instead of one | 0 of 1 | - | - | - | - | - | - | - |" in page
    assert "a standard deviation of" in page
    assert "torch 2, X, today" in page


def test_steps_follow_from_times_beside_classic_which_is_timed_first(scripts, tmp_path, monkeypatch):
    run, seconds, clock = scripts.run, {"classic": 0.5, "wide": 1.0, "base": 0.75}, SimpleNamespace(now=0.0, slow=1.0)

    def trainer_of(variant, _):
        def update():
            clock.now += clock.slow * seconds[variant.name]

        return SimpleNamespace(update=update)

    monkeypatch.setattr(run, "trainer_of", trainer_of)
    monkeypatch.setattr(run.time, "process_time", lambda: clock.now)
    named, place = scripts.ladder.NAMED, SimpleNamespace()
    assert run.steps_of(named["wide"], place, tmp_path)["steps"] == 480
    clock.slow = 1.7  # other work takes of what all need
    assert run.steps_of(named["base"], place, tmp_path)["steps"] == 640
    assert run.steps_of(named["tones"], place, tmp_path)["steps"] == 640
    assert list(json.loads((tmp_path / "times.json").read_text())) == ["classic", "wide", "base"]


def test_settings_add_up_and_an_average_can_be_chosen_where_it_has_to_be(scripts):
    ladder, run = scripts.ladder, scripts.run
    fresco = run.recipe_of(ladder.NAMED["fresco"], 0, 1000)
    assert (fresco.process.parameterisation, fresco.optimiser.kind, fresco.data.long) == ({"kind": "flow"}, "muon", 0.5)
    assert (fresco.rate.cooldown, fresco.data.augment, fresco.network["modulation"]) == (6400, 0.12, "scale_shift")
    few = {v.name for v in ladder.VARIANTS if run.recipe_of(v, 0, 1000).watch.snapshot == 32000 // run.SNAPSHOTS}
    assert few == {"augmentation", "posthoc", "fresco"}
    assert ladder.changes_of(ladder.NAMED["classic"]) == ()


def test_the_shipped_recipe_fresco_has_the_ladders_settings(scripts):
    """What the ladder ends with is what ships, whatever the sizes."""
    ours, shipped = scripts.run.recipe_of(scripts.ladder.NAMED["fresco"]), load_recipe("fresco")
    refuse_augment(shipped)
    assert (shipped.process, shipped.average) == (ours.process, ours.average)
    assert replace(shipped.optimiser, batch=32) == ours.optimiser
    assert replace(shipped.data, size=32) == ours.data
    told = ("modulation", "text_norm", "pooled_dim", "dials")
    assert [shipped.network[key] for key in told] == [ours.network[key] for key in told]


def test_the_shipped_recipe_classic_is_where_the_ladder_starts(scripts):
    ours, shipped = scripts.run.recipe_of(scripts.ladder.NAMED["classic"]), load_recipe("classic")
    assert (shipped.process, shipped.average) == (ours.process, ours.average)
    assert replace(shipped.optimiser, batch=32) == ours.optimiser
    assert replace(shipped.data, size=32) == ours.data


def test_the_queue_begins_with_the_ladder_and_holds_every_run_once(scripts):
    queue = scripts.ladder.queue()
    every = (*scripts.ladder.VARIANTS, *scripts.shapes.SHAPES)
    assert len(queue) == len({(v.name, s) for v, s in queue}) == sum(v.seeds for v in every)
    ladder = [v for v in scripts.ladder.VARIANTS if not v.beside]
    assert queue[: len(ladder)] == [(v, 0) for v in ladder]
    places = {v.name: k for k, (v, s) in enumerate(queue) if s == 0}
    assert places["posthoc"] > places["augmentation"]


class Known:
    """A store of four pictures in [-1, 1] and a conditioner that knows nothing."""

    shape = (3, 8, 8)
    pictures = torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (4, 3, 8, 8))).float()

    def __len__(self):
        return 4

    def mean(self, rows, flip, /):
        return self.pictures[rows]

    def encode(self, prompts):
        n = len(prompts)
        return Conditioning(torch.zeros(n, 1, 4), torch.ones(n, 1, dtype=torch.bool), ((),) * n)


class Believing(torch.nn.Module):
    """A network whose answers always mean that the picture is grey, of value 0.3."""

    def __init__(self, noising):
        super().__init__()
        self.noising = noising

    def forward(self, x, c_noise, tokens, mask, pooled):
        level = self.level
        x_t = x / self.noising.parameterisation.scale_in(level)
        x_0 = torch.full_like(x_t, 0.3)
        return self.noising.parameterisation.target(x_0, (x_t - level.alpha * x_0) / level.sigma, level)


@pytest.mark.parametrize("name", ["classic", "objective", "v-cosine", "x0-v-loss"])
def test_one_belief_has_one_error_whatever_the_network_is_asked_for(scripts, name):
    noising = Noising.of(scripts.run.recipe_of(scripts.ladder.NAMED[name]).process)
    net = Believing(noising)

    def clock(level):
        net.level = level
        return noising.clock(level)

    rows = [Row(position=k, id=str(k), caption="x") for k in range(4)]
    task = SimpleNamespace(
        val=(Known(), rows),
        noising=replace(noising, clock=clock),
        encode=Known().encode,
        dtype=torch.float32,
        device=CPU,
    )
    held = scripts.measures.held(task, 0, 4)
    found = scripts.measures.errors(task, net, held, ["x"] * 4)
    expected = (Known.pictures[held.places] - 0.3).square().mean(dim=(1, 2, 3)).numpy()
    np.testing.assert_allclose(found, np.tile(expected, (len(scripts.measures.LAMS), 1)), rtol=2e-3)
    assert scripts.measures.geometric(np.array([[1.0, 3.0], [8.0, 8.0]])) == pytest.approx(4.0)


def made_up(variant, seed, error):
    return {
        "variant": variant, "seed": seed, "error": error, "caption": 0.05, "steps": 900, "width": 0.07,
        "parameters": 2.5e6, "seconds_alone": 470.0 + seed,
        "kid": {"1.0": [200.0, 190.0, 210.0], "3.0": [150.0 + seed, 140.0, 160.0]}, "kid_floor": [1.0, 0.0, 2.0],
        "error_by_lam": [0.1] * 8, "engine": {"torch": "2", "cpu": "X"}, "date": "today",
    }  # fmt: skip


def test_the_table_says_what_is_there_and_what_is_missing(scripts, tmp_path):
    table = scripts.table
    for variant, seed, error in (("classic", 0, 0.1), ("classic", 1, 0.12), ("objective", 1, 0.06)):
        (tmp_path / f"{variant}-{seed}.json").write_text(json.dumps(made_up(variant, seed, error)))
    (tmp_path / "times.json").write_text("{}")
    found = table.found_in(tmp_path)
    page = table.page(found)
    assert "| 2 of 3 | 900 | 470 | 0.07 | 110.00 | 5.0 | 200.0 | 150.5 |" in page
    assert "60.00 (-50.0 %)" in page
    assert "Missing runs: classic:2, objective:0, objective:2, optimiser:0" in page
    assert table.spread(found, lambda run: run["error"]) == pytest.approx(0.02 / 2**0.5)
    assert "0.71 (KID, w = 3)" in page
    assert "the spread of equal runs is not known" in table.page({"classic": {0: made_up("classic", 0, 0.1)}})
    everything = {v.name: {s: made_up(v.name, s, 0.1) for s in range(v.seeds)} for v in scripts.ladder.VARIANTS}
    assert "No run is missing." in table.page(everything)


@pytest.mark.slow
def test_a_run_is_trained_measured_and_never_repeated(scripts, tmp_path, monkeypatch):
    run, measures, original = scripts.run, scripts.measures, scripts.run.recipe_of

    def small(variant, seed=0, steps=0):
        recipe = original(variant, seed, steps)
        slim = {"block_out_channels": [8, 16], "attend": ["none", "text"], "head_dim": 8, "norm_groups": 4}
        return replace(recipe, watch=replace(recipe.watch, split="train"), network=recipe.network | slim)

    for module, name, value in (
        (run, "recipe_of", small), (run, "TIMED", 2), (run, "steps_of", lambda *_: {"seconds": 1.0, "steps": 16}),
        (measures, "ROWS", 8), (measures, "CHOICE", 4), (measures, "STEPS", 2), (measures, "WIDTHS", (0.055, 0.1)),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, value)
    place = Place(device=CPU, data=DATA, cache=tmp_path / "cache", report=lambda *_: None)
    named = scripts.ladder.NAMED
    numbers = run.one(named["augmentation"], 0, place, tmp_path)
    assert numbers["images"] == 16 * 32
    assert set(numbers) >= {"error", "caption", "kid", "kid_floor", "revision", "engine", "seconds_spent"}
    assert 0 < numbers["seconds_alone"] <= numbers["seconds_spent"]
    monkeypatch.setattr(run, "trained", None)
    again = run.one(named["augmentation"], 0, place, tmp_path)
    assert [again[key] for key in ("error", "kid")] == [numbers[key] for key in ("error", "kid")]

    def beside(*arguments):
        recipe = small(*arguments)
        return replace(recipe, data=replace(recipe.data, sources=2 * recipe.data.sources))

    with monkeypatch.context() as patch:
        patch.setattr(run, "recipe_of", beside)
        wider = run.one(named["augmentation"], 0, place, tmp_path)
    assert wider["kid_floor"] == numbers["kid_floor"], "of the first corpus, whatever stands beside it"
    posthoc = run.one(named["posthoc"], 0, place, tmp_path)
    assert posthoc["width"] in (0.055, 0.1)
    assert posthoc["error"] != numbers["error"]
