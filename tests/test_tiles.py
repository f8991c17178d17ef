"""A picture in tiles is the whole picture: at seams, at borders, at sizes that fit no tile; what a halo is worth."""

import pytest
import torch

from sfumato.latents import LatentSpace
from sfumato.nets.reach import reach
from sfumato.nets.vae import VAE
from sfumato.tiles import in_tiles, spans
from tiny import randomised

LAYOUTS = [
    {"widths": (6, 8, 10), "encoder_depth": 1, "decoder_depth": 1},
    {"widths": (6, 8), "encoder_widths": (8, 10), "encoder_depth": 2, "decoder_depth": 1, "channels": 4},
    {"widths": (6,), "stem": 1},
    {"widths": (6, 8, 10), "stem": 4, "decoder_depth": 1},
]


def spaces(options, tile):
    vae = randomised(VAE(z_channels=3, **options), 5, 0.6)
    return LatentSpace(vae, 0.7, 0.1, tile=10**6), LatentSpace(vae, 0.7, 0.1, tile=tile)


def picture(vae, height, width):
    noise = torch.Generator().manual_seed(1)
    return torch.rand(1, vae.channels, height, width, generator=noise) * 2 - 1


@pytest.mark.parametrize("options", LAYOUTS)
def test_tiled_is_untiled(options):
    whole, tiled = spaces(options, 32)
    f = whole.factor
    x = picture(whole.vae, 11 * f if f > 4 else 88, 13 * f if f > 4 else 104)
    z = whole.encode(x)
    torch.testing.assert_close(tiled.encode(x).mean, z.mean, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(tiled.encode(x).std, z.std, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(tiled.decode(z.mean), whole.decode(z.mean), rtol=1e-5, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("options", LAYOUTS)
def test_nothing_beyond_the_reach_is_seen_and_all_but_a_cell_of_it_is(options):
    vae = spaces(options, 32)[0].vae
    f = vae.factor
    seen = -(-reach(vae.encoder.layers, cell=1) // f)
    centre = seen + 2
    x = picture(vae, (2 * seen + 5) * f, (2 * seen + 5) * f).requires_grad_()
    with torch.enable_grad():
        vae.encode(x)[0][0, :, centre, centre].sum().backward()
    rows = x.grad[0].abs().sum(dim=(0, 2)).nonzero().flatten()
    assert (centre - seen) * f <= int(rows.min()) < (centre - seen + 1) * f
    assert int(rows.max()) < (centre + seen + 1) * f

    seen = -(-reach(vae.decoder.layers, cell=f) // f)
    centre = seen + 2
    z = torch.rand(1, 3, 2 * seen + 5, 2 * seen + 5).requires_grad_()
    with torch.enable_grad():
        vae.decode(z)[0, :, centre * f : (centre + 1) * f].sum().backward()
    rows = z.grad[0].abs().sum(dim=(0, 2)).nonzero().flatten()
    assert (int(rows.min()), int(rows.max())) == (centre - seen, centre + seen)


@torch.no_grad()
def test_a_smaller_halo_is_wrong_near_the_seams_alone():
    vae = spaces(LAYOUTS[0], 32)[0].vae
    x = picture(vae, 8, 320)
    enough = -(-reach(vae.encoder.layers, cell=1) // 8)
    short = in_tiles(vae.encoder, x, tile=20, halo=enough - 2, cell=8, gives=1)
    error = (short - vae.encoder(x)).abs().amax(dim=(0, 1, 2))
    assert float(error[18:22].max()) > 1e-5
    assert float(error[:18].max()) < 1e-5
    assert float(error[22:].max()) < 1e-5


def test_spans_cover_everything_once():
    assert list(spans(10, 4, 1)) == [(0, 4, 0, 5), (4, 8, 3, 9), (8, 10, 7, 10)]
    assert list(spans(4, 4, 9)) == [(0, 4, 0, 4)]


def test_the_reach_of_an_unknown_layer_is_not_guessed():
    with pytest.raises(TypeError, match="reach of a Linear is not known"):
        reach(torch.nn.Sequential(torch.nn.Linear(2, 2)), cell=1)
