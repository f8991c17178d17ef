"""Recipes: the shipped ones are sound, and whatever is wrong with another is named."""

from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from sfumato.checkpoint import MODELS
from sfumato.errors import RecipeError
from sfumato.parts import network_class
from sfumato.train.build import described_network
from sfumato.train.denoiser_parts import denoiser_parts
from sfumato.train.material import Place
from sfumato.train.noising import Noising
from sfumato.train.rate import learning_rate
from sfumato.train.reading import changed, load_recipe, read_toml, recipe_from, shipped
from sfumato.train.recipe import Rate

GPU = sorted((Path(__file__).parents[2] / "recipes" / "gpu").glob("*.toml"))


@pytest.mark.parametrize("name", [*shipped(), *map(str, GPU)], ids=lambda name: Path(name).stem)
def test_every_recipe_can_be_built(name):
    recipe = load_recipe(name)
    if recipe.objective == "denoiser":
        Noising.of(recipe.process)
        arguments = {k: v for k, v in recipe.network.items() if k != "kind"}
        with torch.device("meta"):
            net = network_class(recipe.network["kind"])(**arguments)
        bytes_in_half_precision = 2 * sum(p.numel() for p in net.parameters())
        assert bytes_in_half_precision < 40_000_000
    assert recipe_from(asdict(recipe)) == recipe


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("optimiser.lrr=1", "unknown key 'lrr'.*did you mean 'lr'"),
        ("optimizer.lr=1", "unknown key 'optimizer'.*did you mean 'optimiser'"),
        ("optimiser.lr='fast'", "optimiser.lr is 'fast'.*float"),
        ("optimiser.lr=nan", "optimiser.lr is nan"),
        ("optimiser.lr=0", "optimiser.lr is 0"),
        ("optimiser.batch=0", "optimiser.batch is 0"),
        ("optimiser.batch=true", "optimiser.batch is True"),
        ("optimiser.micro=3", "no multiple"),
        ("data.drop=1.5", "probability"),
        ("data.sources=[]", "at least one corpus"),
        ("data.sources=glyphs", "must be a list"),
        ("rate.shape=cosin", "did you mean 'cosine'"),
        ("objective=denoise", "did you mean 'denoiser'"),
        ("seed=-1", "seed is -1"),
        ("version=2", "version 2"),
        ("name.x=1", "'name' is a value"),
        ("nothing", "has no '='"),
    ],
)
def test_what_is_wrong_is_named(change, message):
    with pytest.raises(RecipeError, match=message):
        load_recipe("tiny", [change])


def test_classic_is_ddpm_as_published_and_small_enough_to_ship():
    recipe, process = load_recipe("classic"), load_recipe("classic").process
    assert (process.schedule, process.parameterisation) == ({"kind": "linear", "T": 1000}, {"kind": "eps"})
    assert (process.density, process.weight) == ({"kind": "discrete-uniform"}, {"kind": "simple"})
    assert recipe.optimiser.kind == "adamw"
    numbers = sum(p.numel() for p in described_network(recipe).parameters())
    apart = ("classic", "*-fast")  # students have a limit of their own: tests/architecture/test_shipping.py
    files = [p for p in MODELS.rglob("*") if p.is_file() and not any(map(p.parent.match, apart))]
    others = sum(p.stat().st_size for p in files)
    assert others + 2 * numbers <= 120_000_000


def test_a_sheet_of_no_prompts_is_refused_before_anything_is_read(tmp_path):
    place = Place(device=torch.device("cpu"), data=None, cache=tmp_path, report=lambda *_: None)
    with pytest.raises(RecipeError, match=r"watch\.prompts is empty, and watch\.sheet asks"):
        denoiser_parts(load_recipe("tiny", ["watch.prompts=[]"]), place)


def test_an_unknown_recipe_names_the_near_ones():
    with pytest.raises(RecipeError, match="did you mean 'bozzetto'"):
        load_recipe("bozeto")


def test_a_file_that_is_no_toml(tmp_path):
    file = tmp_path / "bad.toml"
    file.write_text("name = ")
    with pytest.raises(RecipeError, match="no valid TOML"):
        load_recipe(str(file))
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecipeError, match="UTF-8"):
        load_recipe(str(file))


def test_changes_are_typed_by_toml_and_leave_the_original_alone():
    table = read_toml("tiny")
    out = changed(table, ["optimiser.lr=0.5", "space.autoencoder=some/folder", "data.crop=8"])
    assert (out["optimiser"]["lr"], out["space"]["autoencoder"], out["data"]["crop"]) == (0.5, "some/folder", 8)
    assert table["optimiser"]["lr"] == 1e-3


def test_the_learning_rate_warms_up_holds_and_goes_to_zero():
    rate = Rate(images=1000, warmup=100, cooldown=400, shape="linear")
    assert learning_rate(rate, 2.0, 0) == pytest.approx(0.02)
    assert learning_rate(rate, 2.0, 49) == pytest.approx(1.0)
    assert learning_rate(rate, 2.0, 300) == learning_rate(rate, 2.0, 600) == 2.0
    assert learning_rate(rate, 2.0, 800) == pytest.approx(1.0)
    assert learning_rate(rate, 2.0, 1000) == 0.0
    assert learning_rate(Rate(warmup=100), 2.0, 10**9) == 2.0
    cosine = Rate(images=1000, cooldown=400, shape="cosine")
    assert learning_rate(cosine, 2.0, 700) == pytest.approx(2.0 * 0.8535533906)
    assert learning_rate(rate, 2.0, 549, warm_from=500) == pytest.approx(1.0)
