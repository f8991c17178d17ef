"""What a budget chooses, on machines that are as fast as a test says; and a run by a clock that a test keeps."""

import io
import json

import pytest
import torch
from PIL import Image
from tests.train.tiny_runs import DATA, fingerprint

from sfumato.corpus.rows import Row
from sfumato.errors import RecipeError
from sfumato.train import budget as budgets
from sfumato.train.budget import Budget
from sfumato.train.build import described_network
from sfumato.train.family import LOOKS, WIDTHS, batch_for, looks_for
from sfumato.train.frozen_parts import load_vae
from sfumato.train.material import Place
from sfumato.train.pace import Decided, Pace, decisions_in
from sfumato.train.reading import load_recipe, read_toml
from sfumato.train.recipe import Space
from sfumato.train.rehearsal import Rehearsal
from sfumato.train.session import begin, run
from sfumato.train.state import listed
from sfumato.train.taste import Taste, taste


def place(tmp_path, data=DATA):
    return Place(device=torch.device("cpu"), data=data, cache=tmp_path / "cache", report=lambda *_: None)


def planned(monkeypatch, where, seconds, *, rate, pictures=(1000,), preparing=0.001, side=128, ready=False, **options):
    """The recipe and the notes, on a machine that trains and prepares so fast."""
    png = io.BytesIO()
    Image.new("RGB", (side, side)).save(png, "PNG")
    sample = tuple((Row(position=k, id=str(k), caption=f'a "dot" {k}'), png.getvalue()) for k in range(9))

    def tasted(recipe, where):
        return Taste(pictures=pictures, sample=sample, side=side, preparing=preparing)

    def rehearsed(recipe, some, device, *, seconds):
        size = sum(p.numel() for p in described_network(recipe).parameters())
        batch = recipe.optimiser.batch
        return Rehearsal(rate=rate, updates=3, batch=batch, preparing=0.0, parameters=size)

    monkeypatch.setattr(budgets, "taste", tasted)
    monkeypatch.setattr(budgets, "rehearse", rehearsed)
    monkeypatch.setattr(budgets, "ready", lambda *_: ready)
    budget = Budget(seconds, where, began=0.0, clock=lambda: 5.0, **options)
    return budget.plan(), budget.notes


def test_a_faster_machine_and_more_time_get_a_larger_network_and_batch(monkeypatch, tmp_path):
    chosen = []
    for seconds, rate in ((120.0, 100.0), (1800.0, 100.0), (4 * 3600.0, 100.0), (3600.0, 20_000.0)):
        recipe, notes = planned(monkeypatch, place(tmp_path), seconds, rate=rate)
        assert recipe.rate.seconds == seconds
        assert recipe.rate.images == recipe.rate.cooldown == 0
        chosen.append((recipe.network["block_out_channels"], recipe.optimiser.batch))
        assert any("parameters" in note for note in notes)
    assert [WIDTHS.index(tuple(widths)) for widths, _ in chosen] == [0, 2, 4, 5]
    assert [batch for _, batch in chosen] == [32, 64, 64, 64]


def test_more_pictures_than_can_be_prepared_are_cut_unless_they_are_ready(monkeypatch, tmp_path):
    many = {"rate": 100.0, "pictures": (40_000,), "preparing": 0.005}
    recipe, notes = planned(monkeypatch, place(tmp_path), 120.0, **many)
    assert recipe.data.sources[0].most == 6000
    assert "6000 of 40000 pictures: to prepare all would take 200 s of 120" in notes
    recipe, notes = planned(monkeypatch, place(tmp_path), 120.0, **many, ready=True)
    assert recipe.data.sources[0].most == 0


def test_small_pictures_are_trained_on_as_pixels(monkeypatch, tmp_path):
    recipe, notes = planned(monkeypatch, place(tmp_path), 600.0, rate=100.0, side=28)
    assert (recipe.space.kind, recipe.data.size, recipe.network["in_channels"]) == ("pixels", 32, 3)
    assert "pixels" in notes[0]
    described_network(recipe)
    recipe, _ = planned(monkeypatch, place(tmp_path), 600.0, rate=100.0, side=128)
    assert recipe.space.kind == "latent"


def test_pictures_are_trained_on_with_their_alpha_unless_they_are_small(monkeypatch, tmp_path):
    chosen = []
    for side in (128, 28):
        recipe, _ = planned(monkeypatch, place(tmp_path), 3600.0, rate=100.0, side=side)
        chosen.append((recipe.space.autoencoder, recipe.network["in_channels"], recipe.network["out_channels"]))
        described_network(recipe)
    assert chosen == [("velatura", 12, 12), ("", 3, 3)]
    assert load_vae(Space(autoencoder="velatura"))[0].z_channels == 12


def test_own_pictures_give_the_prompts_and_few_are_mirrored(monkeypatch, tmp_path):
    own = tmp_path / "mine"
    own.mkdir()
    Image.new("RGB", (64, 64)).save(own / "a.png")
    (own / "a.txt").write_text("a dot")
    recipe, _ = planned(monkeypatch, place(tmp_path, own), 600.0, rate=100.0, pictures=(800,))
    assert recipe.watch.prompts[:2] == ('a "dot" 0', 'a "dot" 1')
    assert recipe.data.flip == 0.5
    assert [source.name for source in recipe.data.sources] == ["mine"]
    recipe, _ = planned(monkeypatch, place(tmp_path), 600.0, rate=100.0, pictures=(8000,))
    assert recipe.watch.prompts == load_recipe("abbozzo").watch.prompts
    assert recipe.data.flip == 0.0


def test_a_given_recipe_keeps_all_but_its_schedule(monkeypatch, tmp_path):
    changes = ["watch.split=train", "optimiser.lr=5e-4"]
    recipe, _ = planned(monkeypatch, place(tmp_path), 600.0, rate=50.0, recipe=read_toml("tiny"), changes=changes)
    tiny = load_recipe("tiny", changes)
    assert (recipe.network, recipe.data, recipe.optimiser) == (tiny.network, tiny.data, tiny.optimiser)
    assert (recipe.rate.seconds, recipe.rate.images) == (600.0, 0)


def test_too_little_time_is_refused(tmp_path):
    for seconds in (5.0, 1e9, float("nan")):
        with pytest.raises(RecipeError, match="lies between"):
            Budget(seconds, place(tmp_path), began=0.0)


def test_batches_and_looks_fit_the_time():
    assert [batch_for(images, 256) for images in (10, 60_000, 100_000, 10**7)] == [32, 32, 64, 256]
    assert looks_for(10_000.0, 3600.0, 8) == LOOKS[0]
    assert looks_for(1.0, 120.0, 8) == LOOKS[-1]
    assert all(a.calls(8) > b.calls(8) for a, b in zip(LOOKS, LOOKS[1:], strict=False))  # noqa: RUF007


def test_the_taste_counts_what_is_trained_on_and_times_the_preparation(tmp_path):
    every = taste(load_recipe("tiny"), place(tmp_path))
    assert every.pictures == (200,)
    assert (len(every.sample), every.side) == (64, 128)
    assert 0 < every.preparing < 1


SMALL = {
    "autoencoder": ["network.widths=[8, 8]", "network.z_channels=4", "data.size=32", "data.crop=16"],
    "towers": ["network.vocabulary=560", "network.width=24", "network.depth=1", "network.heads=2", "network.hidden=32",
               "network.widths=[8, 16]", "network.joint=16", "data.size=32"],
}  # fmt: skip


@pytest.mark.parametrize("recipe", SMALL)
def test_what_needs_no_autoencoder_is_planned_without_one(recipe, tmp_path, monkeypatch):
    changes = [*SMALL[recipe], "data.sources=[{name='glyphs'}]", "optimiser.batch=8", "watch.split=train"]
    monkeypatch.setattr(budgets, "PREPARING", 0.0)
    budget = Budget(120.0, place(tmp_path), began=0.0, recipe=read_toml(recipe), changes=changes, clock=lambda: 1.0)
    made = budget.plan()
    assert (made.objective, made.rate.seconds) == (recipe, 120.0)
    assert made.data.sources[0].most == 64, "more than can be prepared in no time, and not in the cache"


def test_latents_with_alpha_are_tasted_too(tmp_path):
    recipe = load_recipe("tavola", ["data.sources=[{name='glyphs'}]", "space.autoencoder=velatura"])
    assert taste(recipe, place(tmp_path)).preparing > 0


def logged(run):
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


def test_a_run_ends_by_the_clock_with_a_look_and_is_repeated_by_its_log(tmp_path):
    changes = ["rate.images=0", "rate.cooldown=0", "rate.seconds=100", "watch.heldout=800", "watch.sheet=800"]
    recipe = load_recipe("tiny", changes)
    prints = []
    for name in ("first", "again"):
        session = begin(recipe, tmp_path / name, place(tmp_path))
        p = session.trainer.progress

        def clock(p=p):
            return 4.0 * p.step + 2.0 * max(0, p.step - 10)

        by_clock = Pace(100.0, started=0.0, look=3.0, closing=1.0, clock=clock)
        session.trainer.pace = by_clock if name == "first" else Decided(decisions_in(logged(tmp_path / "first")))
        told = [type(event).__name__ for event in run(session, lambda: False)]
        assert session.trainer.finished
        assert told[-4:] == ["HeldOut", "Sheet", "Saved", "Finished"]
        prints.append(fingerprint(tmp_path / name))
        assert clock() + 3.0 + 1.0 == pytest.approx(100.0, rel=0.05), "with its look and what is written after it"
    assert prints[0]["weights"] == prints[1]["weights"]
    assert prints[0]["average"] == prints[1]["average"]
    assert listed(tmp_path / "first" / "checkpoints")[-1].name == listed(tmp_path / "again" / "checkpoints")[-1].name
