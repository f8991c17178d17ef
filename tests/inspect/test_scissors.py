"""Scissors for a U-Net's links: numbered from the finest, zeros where they cut, and whole again afterwards."""

import pytest
import torch

from sfumato import rng
from sfumato.errors import RecipeError
from sfumato.inspect.scissors import cut, skips_of, unet_of
from sfumato.nets.unet import UNet
from tiny import UNET, randomised

X = torch.from_numpy(rng.normal(1, (2, 4, 8, 8), stream=rng.DATA))
TEXT = (torch.from_numpy(rng.normal(2, (2, 3, 16), stream=rng.DATA)), torch.ones(2, 3, dtype=torch.bool))


@pytest.fixture(scope="module")
def net():
    return randomised(UNet(**UNET | {"layers_per_block": 2}), 5).eval()


def answer(net):
    with torch.no_grad():
        return net(X, 500.0, *TEXT)


def test_links_are_those_that_the_network_lays(net):
    found = skips_of(net)
    assert [skip.source for skip in found] == [
        "conv_in", "down.0.blocks.0", "down.0.blocks.1", "down.0.downsample", "down.1.attend.0", "down.1.attend.1",
    ]  # fmt: skip
    assert [skip.channels for skip in found] == [16, 16, 16, 16, 32, 32]
    assert found[0].target == "up.1.blocks.2"


@pytest.mark.parametrize("number", range(6))
def test_a_cut_link_brings_zeros_and_only_there(net, number):
    skip, got = skips_of(net)[number], []
    block = net.get_submodule(skip.target)
    watching = block.register_forward_hook(lambda module, inputs, output: got.append(inputs[0]))
    source = []
    origin = net.get_submodule(skip.source).register_forward_hook(lambda module, inputs, output: source.append(output))
    whole = answer(net)
    with cut(net, skips={number}):
        changed = answer(net)
    watching.remove()
    origin.remove()
    torch.testing.assert_close(got[0][:, -skip.channels :], source[0], rtol=0, atol=0)
    assert float(got[1][:, -skip.channels :].abs().max()) == 0.0
    torch.testing.assert_close(got[1][:, : -skip.channels], got[0][:, : -skip.channels], rtol=0, atol=0)
    assert float((changed - whole).abs().max()) > 1e-3
    torch.testing.assert_close(answer(net), whole, rtol=0, atol=0)


def test_the_middle_is_cut_and_healed_after_an_error(net):
    whole, changed = answer(net), []

    def broken():
        with cut(net, middle=True):
            changed.append(answer(net))
            raise KeyError

    with pytest.raises(KeyError):
        broken()
    assert float((changed[0] - whole).abs().max()) > 1e-3
    torch.testing.assert_close(answer(net), whole, rtol=0, atol=0)


def test_what_has_no_links_is_refused(net):
    with pytest.raises(RecipeError, match=r"no skip 6; this network has 0\.\.5"), cut(net, skips=[6]):
        pass
    with pytest.raises(RecipeError, match="is a Conv2d; only a UNet"):
        unet_of(torch.nn.Conv2d(1, 1, 1))
