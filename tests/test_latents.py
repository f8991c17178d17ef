"""Latents in the denoiser's units, and a VAE that is what it says."""

import pytest
import torch

from sfumato.autoencoder import Autoencoder, Pixels
from sfumato.errors import ShapeError
from sfumato.latents import LatentSpace
from sfumato.nets.vae import VAE


@pytest.fixture
def vae():
    torch.manual_seed(0)
    return VAE(widths=(8, 8, 16), z_channels=4)


def test_shapes_and_protocols(vae):
    space = LatentSpace(vae, scale=2.0, shift=0.5)
    assert isinstance(space, Autoencoder)
    assert isinstance(Pixels(), Autoencoder)
    posterior = space.encode(torch.zeros(2, 3, 32, 48))
    assert posterior.mean.shape == posterior.std.shape == (2, 4, 4, 6)
    assert space.decode(posterior.mean).shape == (2, 3, 32, 48)


def test_scale_and_shift_are_undone_by_decoding(vae):
    x = torch.rand(2, 3, 16, 16) * 2 - 1
    plain, scaled = LatentSpace(vae), LatentSpace(vae, scale=3.0, shift=-0.7)
    torch.testing.assert_close(scaled.encode(x).mean, 3.0 * (plain.encode(x).mean + 0.7))
    torch.testing.assert_close(scaled.encode(x).std, 3.0 * plain.encode(x).std)
    torch.testing.assert_close(
        scaled.decode(scaled.encode(x).mean), plain.decode(plain.encode(x).mean), rtol=1e-4, atol=1e-5
    )


def test_sample_is_mean_plus_std_eps(vae):
    posterior = LatentSpace(vae).encode(torch.zeros(1, 3, 16, 16))
    eps = torch.randn_like(posterior.mean)
    torch.testing.assert_close((posterior.sample(eps) - posterior.mean) / posterior.std, eps, rtol=1e-3, atol=1e-4)


def test_away_from_the_border_a_crop_has_the_latents_of_the_whole(vae):
    with torch.no_grad():
        for p in vae.parameters():
            p.add_(0.05 * torch.randn_like(p))
    x = torch.rand(1, 3, 160, 160) * 2 - 1
    whole, crop = vae.encode(x)[0], vae.encode(x[..., 32:, 32:])[0]
    torch.testing.assert_close(whole[..., 10:-6, 10:-6], crop[..., 6:-6, 6:-6], rtol=1e-4, atol=1e-5)
    assert not torch.allclose(whole[..., 4:5, 4:5], crop[..., 0:1, 0:1], atol=1e-3)


def test_a_size_that_does_not_fit_is_refused(vae):
    with pytest.raises(ShapeError, match="multiples of 8"):
        LatentSpace(vae).encode(torch.zeros(1, 3, 20, 16))
