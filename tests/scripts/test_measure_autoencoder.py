"""scripts/measure_autoencoder.py on pictures whose numbers are known."""

import numpy as np
import pytest
import torch

from by_path import loaded
from sfumato.corpus.rows import Row
from sfumato.corpus.source import Source
from sfumato.nets.vae import VAE

UNET = {
    "kind": "unet",
    "block_out_channels": [16, 32],
    "attend": ["none", "none"],
    "mid_attend": "none",
    "head_dim": 16,
    "norm_groups": 8,
    "token_dim": 8,
}


@pytest.fixture(scope="module")
def script():
    return loaded("scripts/measure_autoencoder.py")


class Dimmed(VAE):
    """An autoencoder whose alpha comes back lower by 0.2 of its range, its colours as they were."""

    def __init__(self):
        super().__init__(channels=4, widths=(4,))

    def encode(self, x):
        return x, x

    def decode(self, z):
        return z - torch.tensor([0.0, 0.0, 0.0, 0.4])[:, None, None]


def source():
    pictures = np.zeros((4, 16, 16, 4), np.uint8)
    pictures[..., 3] = 255
    rows = tuple(Row(position=k, id=str(k), caption="x", style="ab"[k % 2]) for k in range(4))
    return Source("four", "four", rows, pictures, ())


def test_what_is_kept_is_counted_style_by_style(script):
    def features(pictures):
        return pictures.reshape(len(pictures), -1)[:, :3].astype(np.float32) / 255.0

    rows = script.kept(Dimmed(), source(), features)
    assert {style: row.n for style, row in rows.items()} == {"all": 4, "a": 2, "b": 2}
    for row in rows.values():
        assert row.alpha == pytest.approx(51.0)
        assert row.psnr == pytest.approx(-20 * np.log10(0.2), abs=1e-4)
        assert row.ssim == pytest.approx(1e-4 / (0.2**2 + 1e-4), rel=1e-3)
        assert row.kid == pytest.approx(1000.0 * (1.0 + 1.04**3 - 2.0), rel=1e-3)
    assert "| b | 2 | 13.98 |" in script.table(rows)


@pytest.mark.parametrize(("widths", "factor"), [((8, 8), 4), ((8, 8, 8), 8)])
def test_what_is_saved_is_stated_apart(script, widths, factor):
    saved = script.saved(VAE(channels=4, z_channels=4, widths=widths), UNET)
    assert saved.values == factor**2
    assert 0.8 * factor**2 < saved.compute < 1.2 * factor**2
    assert saved.decoder_parameters == sum(
        p.numel() for p in VAE(channels=4, z_channels=4, widths=widths).decoder.parameters()
    )
