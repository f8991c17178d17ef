"""The autoencoder's network: any factor, colours with alpha, a larger encoder than decoder."""

import pytest
import torch

from sfumato.errors import RecipeError
from sfumato.nets.vae import VAE


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize(
    ("stem", "widths", "factor"),
    [(1, (8,), 1), (2, (8,), 2), (2, (8, 8), 4), (1, (8, 8, 8), 4), (2, (8, 8, 8), 8), (4, (8, 8, 8), 16)],
)
def test_a_latent_stands_for_factor_pixels_a_side(stem, widths, factor, channels):
    vae = VAE(channels=channels, z_channels=5, widths=widths, stem=stem)
    assert vae.factor == factor
    mean, log_var = vae.encode(torch.zeros(2, channels, 32, 48))
    assert mean.shape == log_var.shape == (2, 5, 32 // factor, 48 // factor)
    assert vae.decode(mean).shape == (2, channels, 32, 48)


def test_the_encoder_may_be_the_larger_one():
    def size(net):
        return sum(p.numel() for p in net.parameters())

    even, uneven = VAE(widths=(8, 16)), VAE(widths=(8, 16), encoder_widths=(16, 32), encoder_depth=2)
    assert size(uneven.decoder) == size(even.decoder)
    assert size(uneven.encoder) > 4 * size(even.encoder)
    assert uneven.decode(uneven.encode(torch.zeros(1, 3, 16, 16))[0]).shape == (1, 3, 16, 16)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"channels": 1}, "channels is 1; expected 3"),
        ({"stem": 3}, "factor of 12"),
        ({"stem": 0}, "factor of 0"),
        ({"widths": (8,) * 5}, "factor of 32"),
        ({"widths": ()}, "0 widths"),
        ({"encoder_widths": (8, 8)}, "encoder_widths has 2 levels, widths 3"),
    ],
)
def test_what_cannot_be_built_is_named(change, message):
    with pytest.raises(RecipeError, match=message):
        VAE(**change)
