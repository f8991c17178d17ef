"""One autoencoder's weights in another: with alpha, with more latents, with another factor."""

import pytest
import torch

from sfumato.alpha import over
from sfumato.errors import CheckpointError
from sfumato.nets.vae import VAE
from sfumato.train.transplant import FIRST_LOG_VAR, transplanted
from tiny import randomised

OPTIONS = {"widths": (8, 12, 16), "encoder_depth": 1, "decoder_depth": 1}


def filled(old, **options):
    new = VAE(**{**OPTIONS, **options})
    new.load_state_dict(transplanted(old, new))
    return new


@pytest.fixture
def old():
    return randomised(VAE(**OPTIONS, z_channels=4), 7, 0.6)


def pictures():
    x = torch.rand(2, 4, 128, 128, generator=torch.Generator().manual_seed(0)) * 2 - 1
    return torch.cat([torch.minimum(x[:, :3], x[:, 3:]), x[:, 3:]], dim=1)


@torch.no_grad()
def test_with_alpha_it_does_over_white_what_it_did_on_white(old):
    new, x = filled(old, channels=4, z_channels=6), pictures()
    opaque = over(x, 1.0)
    (mean, log_var), (before, before_log_var) = new.encode(x), old.encode(opaque)
    inner = (..., slice(6, -6), slice(6, -6))
    torch.testing.assert_close(mean[:, :4][inner], before[inner], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(log_var[:, :4][inner], before_log_var[inner], rtol=1e-4, atol=1e-5)
    assert torch.equal(log_var[:, 4:], torch.full_like(log_var[:, 4:], FIRST_LOG_VAR))
    assert float(mean[:, 4:].std()) > 0.0
    y = new.decode(torch.cat([before, mean[:, 4:]], dim=1))
    torch.testing.assert_close(over(y, 1.0), old.decode(before), rtol=1e-4, atol=1e-5)
    assert not y[:, 3].any()


@torch.no_grad()
def test_another_factor_takes_the_layers_next_to_the_picture(old):
    new = VAE(widths=(8, 12), encoder_depth=1, decoder_depth=1, z_channels=3)
    born = {name: value.clone() for name, value in new.state_dict().items()}
    out = transplanted(old, new)
    given = old.state_dict()
    assert torch.equal(out["encoder.layers.1.weight"], given["encoder.layers.1.weight"])
    assert torch.equal(out["encoder.layers.4.conv1.weight"], given["encoder.layers.4.conv1.weight"])
    assert torch.equal(out["encoder.layers.5.weight"], born["encoder.layers.5.weight"])
    assert torch.equal(out["decoder.layers.6.weight"], given["decoder.layers.9.weight"])
    assert torch.equal(out["decoder.layers.4.conv2.weight"], given["decoder.layers.7.conv2.weight"])
    assert torch.equal(out["decoder.layers.0.weight"], born["decoder.layers.0.weight"])


def test_the_same_network_takes_everything(old):
    out = transplanted(old, VAE(**OPTIONS, z_channels=4))
    assert all(torch.equal(out[name], value) for name, value in old.state_dict().items())


def test_what_shares_no_layer_is_refused(old):
    with pytest.raises(CheckpointError, match="no layer of the given autoencoder fits"):
        transplanted(old, VAE(widths=(10, 14), z_channels=3))
