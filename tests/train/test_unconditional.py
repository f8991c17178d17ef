"""A model without text, of grey pictures: trained, shipped and drawn with like any other."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tests.corpus.test_idx import write

import sfumato
from sfumato.cli.main import main
from sfumato.errors import CheckpointError, RecipeError
from sfumato.parts import build_conditioner
from sfumato.train.build import described_network
from sfumato.train.contrast_build import contrasting
from sfumato.train.frozen_parts import load_conditioner, text_parts
from sfumato.train.material import Place
from sfumato.train.reading import load_recipe

SMALL = ("rate.images=8", "rate.warmup=4", "rate.cooldown=4", "optimiser.batch=4", "watch.heldout=4",
         "watch.heldout_rows=4", "watch.sheet=8", "watch.steps=2", "watch.checkpoint=8",
         "network.block_out_channels=[16, 16, 16]", "watch.split='val'")  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    place = tmp_path_factory.mktemp("unconditional")
    write(place / "fashion-mnist", count=8, size=(28, 28))
    write(place / "fashion-mnist", "t10k", 4, size=(28, 28))
    changes = [word for change in SMALL for word in ("--set", change)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SFUMATO_CACHE", str(place / "cache"))
        arguments = ["train", str(place / "fashion-mnist"), "--recipe", "fashion", "--out", str(place / "run")]
        assert main([*arguments, "--device", "cpu", *changes]) == 0
    return place / "run" / "model"


def test_it_ships_without_a_text_encoder(model):
    manifest = json.loads((model / "sfumato.json").read_text())
    assert set(manifest["files"]) == {"denoiser"}
    assert manifest["conditioner"] == {"kind": "none"}
    assert manifest["autoencoder"] == {"kind": "pixels", "channels": 1}


def test_it_draws_grey_pictures_whatever_the_prompt(model):
    loaded = sfumato.load(model)
    first, other, next_seed = loaded.generate(["", "a red apple"], steps=2) + loaded.generate("", seed=1, steps=2)
    pixels = np.asarray(first.image)
    assert pixels.shape == (28, 28, 3)
    assert (pixels == pixels[..., :1]).all()
    assert np.array_equal(pixels, np.asarray(other.image))
    assert not np.array_equal(pixels, np.asarray(next_seed.image))
    assert "reads no text" in other.notes[0]
    assert not first.notes


def test_it_draws_over_a_coloured_picture(model):
    red = np.zeros((28, 28, 3), np.uint8)
    red[..., 0] = 255
    under = sfumato.load(model).canvas(Image.fromarray(red)).under.image
    assert under.shape == (1, 1, 28, 28)
    assert under == pytest.approx(76 / 127.5 - 1.0, abs=1e-6)


def test_a_text_encoder_that_is_none_takes_no_options():
    assert text_parts({"kind": "none"}) == {}
    with pytest.raises(RecipeError, match="max_tokens"):
        load_conditioner({"kind": "none", "max_tokens": 8}, "cpu")
    with pytest.raises(CheckpointError, match="max_tokens"):
        build_conditioner({"kind": "none", "max_tokens": 8}, None, None)


def test_towers_cannot_learn_from_it():
    recipe = load_recipe("towers-distilled", ["text={ kind = 'none' }"])
    place = Place(device=torch.device("cpu"), data=None, cache=Path(), report=lambda what, done, total: None)
    with pytest.raises(RecipeError, match="nothing to learn from"):
        contrasting(recipe, place, described_network(recipe))


def test_the_recipe_is_small():
    assert sum(p.numel() for p in described_network(load_recipe("fashion")).parameters()) <= 3_000_000
