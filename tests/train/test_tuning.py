"""A run in one command: DATA alone, for half an hour, or a model trained further by the recipe in its card."""

import json
import types

import pytest
from tests.train.tiny_runs import DATA

from sfumato import checkpoint
from sfumato.cli import train_opening
from sfumato.cli.main import main
from sfumato.cli.train_budget import UNSAID
from sfumato.errors import CheckpointError, RecipeError
from sfumato.train import tuning
from sfumato.train.build import described_network
from sfumato.train.reading import read_toml, recipe_from
from sfumato.train.tuning import recipe_of


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def asked(monkeypatch):
    """What the command would have planned: time and recipe; nothing is trained."""
    seen = []

    def planned(time, recipe, changes, place, began):
        seen.append((time, recipe and recipe["name"]))
        raise RecipeError("planned")

    monkeypatch.setattr(train_opening, "planned", planned)
    return seen


def test_data_alone_take_half_an_hour_and_say_how_to_choose(asked, capsys):
    assert main(["train", str(DATA), "--device", "cpu"]) == 2
    assert asked == [(UNSAID, None)]
    assert "takes 30min: --budget TIME takes another" in capsys.readouterr().err
    assert main(["train", str(DATA), "--budget", "8h", "--device", "cpu"]) == 2
    assert asked[1:] == [("8h", None)]
    assert "takes" not in capsys.readouterr().err


def test_a_model_alone_takes_its_own_recipe_for_that_time(asked):
    command = ["train", str(DATA), "--from", "tavola", "--device", "cpu"]
    assert main(command) == 2
    assert main([*command, "--recipe", "bozzetto", "--budget", "1h"]) == 2
    assert asked == [(UNSAID, "tavola-tuned"), ("1h", "bozzetto")]


def own_rate(name):
    return checkpoint.read_manifest(checkpoint.find(name)).card["recipe"]["optimiser"]["lr"]


def test_the_recipe_of_a_shipped_model_fits_it_and_has_no_end():
    recipe = recipe_from(recipe_of("tavola"))
    assert (recipe.rate.images, recipe.rate.cooldown, recipe.rate.seconds) == (0, 0, 0.0)
    assert recipe.space.autoencoder == "tavola"
    folder = checkpoint.find("tavola")
    weights = checkpoint.denoiser_weights(checkpoint.read_files(folder, checkpoint.read_manifest(folder)))
    assert {k: v.shape for k, v in described_network(recipe).state_dict().items()} == {
        k: v.shape for k, v in weights.items()
    }
    assert recipe.optimiser.lr == pytest.approx(0.2 * own_rate("tavola"))
    said, watch = checkpoint.read_manifest(folder).defaults, recipe.watch
    shown = (watch.steps, watch.sampler, watch.guidance)
    assert shown == (said["steps"], said["sampler"], said["guidance"]["scale"]), "as tavola draws"
    again = recipe_from(recipe_of("velatura"))
    assert (again.objective, again.network["z_channels"], again.name) == ("autoencoder", 12, "autoencoder-tuned")


def test_a_model_is_trained_further_in_one_command(tmp_path, capsys):
    short = ("--set", "watch.heldout=0", "--set", "watch.sheet=0", "--device", "cpu")
    assert main(["train", str(DATA), "--recipe", "tiny", "--images", "8", *short, "--out", "first"]) == 0
    assert main(["train", str(DATA), "--from", "first", "--cooldown", "16", *short]) == 0
    about = json.loads((tmp_path / "runs" / "tiny-tuned" / "run.json").read_text())
    assert about["recipe"]["network"] == read_toml("tiny")["network"]
    assert (about["recipe"]["rate"]["images"], about["origin"]["images"]) == (24, 8)
    assert about["recipe"]["optimiser"]["lr"] == pytest.approx(0.2 * read_toml("tiny")["optimiser"]["lr"])
    again = recipe_of("runs/tiny-tuned")
    assert (again["name"], again["optimiser"]["lr"]) == ("tiny-tuned", about["recipe"]["optimiser"]["lr"])


def test_where_no_recipe_is_named_anywhere(monkeypatch):
    with pytest.raises(CheckpointError, match="there is no model 'nothing'"):
        recipe_of("nothing")
    manifest = types.SimpleNamespace(card={})
    monkeypatch.setattr(tuning.checkpoint, "read_manifest", lambda folder: manifest)
    with pytest.raises(RecipeError, match="tavola does not say by which recipe it was trained; name one by --recipe"):
        recipe_of("tavola")
