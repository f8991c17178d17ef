"""An autoencoder among the parts that ship: named by a recipe, found by its hash, refused when damaged or large."""

import json

import pytest
import torch

from by_path import loaded
from sfumato import checkpoint
from sfumato.errors import CheckpointError
from sfumato.nets.vae import VAE
from sfumato.train.frozen_parts import known_scale, load_vae
from sfumato.train.recipe import Space
from sfumato.weights import serialise
from tiny import randomised

OPTIONS = {"channels": 4, "widths": [8, 8], "encoder_depth": 1, "decoder_depth": 1, "z_channels": 3}


@pytest.fixture
def script():
    return loaded("scripts/ship_autoencoder.py")


@pytest.fixture
def exported(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "MODELS", tmp_path / "models")
    monkeypatch.setattr(checkpoint, "BLOBS", tmp_path / "models" / "blobs")
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "run" / "model"
    folder.mkdir(parents=True)
    vae = randomised(VAE(**OPTIONS), 1)
    (folder / "autoencoder.safetensors").write_bytes(serialise(vae.state_dict(), "float32"))
    (folder / "autoencoder.json").write_text(json.dumps({"options": OPTIONS, "scale": 1.5, "shift": -0.25}))
    return folder, vae


def test_it_is_found_by_its_name(script, exported):
    folder, vae = exported
    target = script.ship(folder, "velo", {"psnr": "31"})
    assert sorted(path.name for path in target.iterdir()) == ["ATTRIBUTION", "autoencoder.json"]
    loaded, digest, options = load_vae(Space(autoencoder="velo"))
    assert (checkpoint.BLOBS / f"{digest}.safetensors").is_file()
    assert options == OPTIONS
    assert all(torch.equal(loaded.state_dict()[name], value) for name, value in vae.state_dict().items())
    assert known_scale(Space(autoencoder="velo")) == (1.5, -0.25)
    assert checkpoint.shipped() == []


def test_a_damaged_part_is_refused(script, exported):
    script.ship(exported[0], "velo", {})
    (part,) = checkpoint.BLOBS.iterdir()
    part.write_bytes(part.read_bytes()[:-1] + b"x")
    with pytest.raises(CheckpointError, match="is damaged"):
        load_vae(Space(autoencoder="velo"))
    part.unlink()
    with pytest.raises(CheckpointError, match="is not in this installation"):
        load_vae(Space(autoencoder="velo"))


def test_what_is_too_large_does_not_ship(script, exported, monkeypatch):
    monkeypatch.setattr(script, "LIMIT", 1000)
    with pytest.raises(ValueError, match="at most 1000 ship"):
        script.ship(exported[0], "velo", {})
