"""From pictures with alpha to a transparent picture: an RGBA autoencoder, a denoiser on its latents, generate."""

import json

import numpy as np
import PIL.Image
import pytest
from tests.train.tiny_runs import DATA, sfumato

AUTOENCODER = (
    "--set", "network.widths=[8,8]", "--set", "network.z_channels=4", "--set", "data.size=32", "--set", "data.crop=16",
    "--set", "data.sources=[{name='glyphs'}]", "--set", "optimiser.batch=8", "--set", "watch.heldout=0",
    "--set", "watch.sheet=0", "--set", "watch.split=train", "--images", 16,
)  # fmt: skip
DENOISER = (
    "--set", "network.in_channels=4", "--set", "network.out_channels=4",
    "--set", "data.size=32", "--set", "watch.split=train", "--set", "watch.heldout=0", "--set", "watch.sheet=0",
    "--set", "optimiser.batch=8", "--images", 8,
)  # fmt: skip


def ok(*arguments, cache):
    done = sfumato(*arguments, cache=cache)
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.slow
def test_alpha_goes_all_the_way(tmp_path):
    cache = tmp_path / "cache"
    first = tmp_path / "autoencoder"
    ok("train", DATA, "--recipe", "autoencoder", *AUTOENCODER, "--out", first, cache=cache)
    about = json.loads((first / "model" / "autoencoder.json").read_text())
    assert about["options"]["channels"] == 4
    assert about["scale"] > 0
    second = tmp_path / "denoiser"
    where = ("--set", "space.kind=latent", "--set", f"space.autoencoder={first / 'model'}")
    ok("train", DATA, "--recipe", "tiny", *where, *DENOISER, "--out", second, cache=cache)
    manifest = json.loads((second / "model" / "sfumato.json").read_text())
    assert manifest["autoencoder"]["scale"] == about["scale"]
    flags = ("--model", second / "model", "--steps", 2, "--background", "transparent")
    ok("generate", "cats", *flags, "--out", tmp_path / "x.png", cache=cache)
    with PIL.Image.open(tmp_path / "x.png") as image:
        assert image.mode == "RGBA"
        assert len(np.unique(np.asarray(image)[..., 3])) > 1
