"""Sides that an autoencoder cannot halve are refused before anything is decoded."""

import pytest
import torch
from tests.train.tiny_runs import DATA

from sfumato.errors import RecipeError
from sfumato.train.build import build
from sfumato.train.material import Place
from sfumato.train.reading import load_recipe

ONE = ["data.sources=[{name='glyphs'}]", "watch.split=train"]
SMALL = ["network.widths=[8, 8]", "network.z_channels=4"]


@pytest.mark.parametrize(
    ("recipe", "changes", "message"),
    [
        ("abbozzo", ["data.size=100"], r"data\.size is 100, .* a multiple of 8"),
        ("autoencoder", [*SMALL, "data.crop=60"], r"data\.crop is 60, .* a multiple of 8"),
        ("autoencoder", [*SMALL, "data.crop=24", "data.size=30"], r"data\.size is 30, .* a multiple of 4"),
        ("autoencoder", [*SMALL, "data.crop=0", "data.size=36"], r"data\.size is 36, .* a multiple of 8"),
    ],
)
def test_a_side_that_does_not_divide(recipe, changes, message, tmp_path):
    where = Place(device=torch.device("cpu"), data=DATA, cache=tmp_path / "cache", report=lambda *_: None)
    with pytest.raises(RecipeError, match=message):
        build(load_recipe(recipe, [*ONE, *changes]), where)
    assert not (tmp_path / "cache").exists()
