"""A network that is loaded to draw gives the same bits on one thread, two and four."""

import pytest
import torch
from torch import nn

from sfumato.nets.chunked import Chunked, replace_long
from sfumato.nets.pointwise import Pointwise, replace_pointwise
from sfumato.nets.unet import UNet
from sfumato.nets.vae import VAE
from sfumato.parts import fill
from sfumato.train.frozen_parts import load_conditioner
from sfumato.train.reading import load_recipe
from tiny import randomised


@pytest.fixture
def threads():
    """Set the number of threads; the old one comes back at the end."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def numbers(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("bias", [True, False])
def test_it_is_the_convolution(bias):
    conv = nn.Conv2d(48, 24, 1, bias=bias)
    x = numbers(0, 3, 48, 5, 7)
    torch.testing.assert_close(Pointwise(conv)(x), conv(x), rtol=1e-5, atol=1e-5)
    assert set(Pointwise(conv).state_dict()) == set(conv.state_dict())


def test_only_plain_ones_are_replaced():
    parts = nn.Sequential(
        nn.Conv2d(4, 4, 1),
        nn.Conv2d(4, 4, 3),
        nn.Conv2d(4, 4, 1, stride=2),
        nn.Conv2d(4, 4, 1, groups=2),
        nn.Sequential(nn.Conv2d(4, 4, 1)),
    )
    names = list(parts.state_dict())
    replace_pointwise(parts)
    kinds = [type(part) for part in parts[:4]] + [type(parts[4][0])]
    assert kinds == [Pointwise, nn.Conv2d, nn.Conv2d, nn.Conv2d, Pointwise]
    assert list(parts.state_dict()) == names


@pytest.mark.parametrize("count", [2, 4])
def test_a_u_net_of_the_shipped_size(threads, count):
    """With the library's own 1x1 convolutions this fails (on AVX-512 already at two threads)."""
    net = fill(UNet, {}, randomised(UNet(), 1).state_dict(), "a U-Net")
    inputs = numbers(1, 2, 8, 16, 16), 500.0, numbers(2, 2, 32, 384), torch.ones(2, 32, dtype=torch.bool), None
    with torch.no_grad():
        threads(1)
        alone = net(*inputs)
        threads(count)
        assert torch.equal(net(*inputs), alone)


def test_long_products_in_parts_are_the_linear_layer():
    net = nn.Sequential(nn.Linear(1000, 24), nn.Linear(24, 1536, bias=False), nn.Sequential(nn.Linear(1536, 8)))
    names, x = list(net.state_dict()), numbers(0, 3, 5, 1000)
    expected = net(x)
    replace_long(net)
    assert [type(net[0]), type(net[1]), type(net[2][0])] == [Chunked, nn.Linear, Chunked]
    assert (net[0].parts, net[2][0].parts) == (2, 2)
    assert list(net.state_dict()) == names
    torch.testing.assert_close(net(x), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("count", [2, 4])
def test_what_a_prompt_becomes(threads, count):
    conditioner = load_conditioner(load_recipe("bozzetto").text, torch.device("cpu"))
    threads(1)
    alone = conditioner(["a red apple, 3d render"]).tokens
    threads(count)
    assert torch.equal(conditioner(["a red apple, 3d render"]).tokens, alone)


@pytest.mark.parametrize("count", [2, 4])
def test_a_decoder_of_the_shipped_size(threads, count):
    arguments = {"widths": [64, 128, 192], "encoder_depth": 1, "decoder_depth": 1, "z_channels": 8}
    vae = fill(VAE, arguments, randomised(VAE(**arguments), 2, 0.6).state_dict(), "a VAE")
    z = numbers(3, 1, 8, 16, 16)
    with torch.no_grad():
        threads(1)
        alone = vae.decode(z)
        threads(count)
        assert torch.equal(vae.decode(z), alone)


@pytest.mark.parametrize(("given", "used"), [(1, 1), (2, 2), (3, 2), (6, 4), (8, 8)])
def test_the_command_line_takes_a_power_of_two(threads, given, used):
    from sfumato.cli.threads import Threads
    from sfumato.engine import describe

    threads(given)
    assert ("threads" in describe()) == (given != used), "an odd number stands in the recipe"
    Threads()()
    assert torch.get_num_threads() == used
