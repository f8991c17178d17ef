"""What the towers' objective refuses to be built from."""

import pytest
import torch
from tests.train.tiny_runs import DATA

from sfumato.errors import RecipeError
from sfumato.nets.towers import Towers
from sfumato.train.contrast_build import contrasting
from sfumato.train.material import Place
from sfumato.train.recipe import Data, TrainRecipe


def test_long_prompts():
    recipe = TrainRecipe(name="x", objective="towers", data=Data(long=0.5))
    net = Towers(vocabulary=560, width=24, depth=1, heads=2, hidden=32, positions=16, widths=[8, 16], joint=16)
    with pytest.raises(RecipeError, match=r"data\.long is 0\.5"):
        contrasting(recipe, Place(device=torch.device("cpu"), data=DATA, cache=DATA, report=print), net)
