"""Dials: numbers beside the noise level that begin by saying nothing."""

import pytest
import torch

from sfumato.conditioner import Conditioning
from sfumato.errors import ShapeError
from sfumato.nets.dit import DiT
from sfumato.nets.embed import Dials
from sfumato.nets.frozen import Frozen
from sfumato.nets.unet import UNet
from tiny import UNET, randomised

DIT = {"in_channels": 4, "out_channels": 4, "width": 32, "depth": 1, "heads": 2, "token_dim": 16}
NETWORKS = {"unet": (UNet, UNET), "dit": (DiT, DIT)}


def answer(net, numbers=None):
    generator = torch.Generator().manual_seed(1)
    x, tokens = (torch.randn(shape, generator=generator) for shape in ((2, 4, 8, 8), (2, 5, 16)))
    given = () if numbers is None else (numbers,)
    return Frozen(net)(x, 0.5, tokens, torch.ones(2, 5, dtype=torch.bool), None, *given)


@pytest.mark.parametrize("kind", NETWORKS)
def test_at_first_they_say_nothing_and_then_each_sample_its_own(kind):
    cls, options = NETWORKS[kind]
    plain, net = randomised(cls(**options), 1), cls(**options, dials=2)
    missing, unknown = net.load_state_dict(plain.state_dict(), strict=False)
    assert (unknown, {name.partition(".")[0] for name in missing}) == ([], {"dials"})
    told = torch.tensor([[0.0, 0.0], [3.0, 0.5]])
    torch.testing.assert_close(answer(net, told), answer(plain))
    randomised(net.dials, 2)
    turned = answer(net, told)
    torch.testing.assert_close(turned[0], answer(net)[0])
    assert float((turned[1] - answer(net)[1]).abs().max()) > 1e-3
    torch.testing.assert_close(answer(net, told[:, :1] * 0.0), answer(net))


def test_what_does_not_fit():
    with pytest.raises(ShapeError, match="3 numbers for 2 dials"):
        Dials(2, 8)(torch.zeros(1, 3))
    with pytest.raises(ShapeError, match="no dial for the guidance scale"):
        answer(UNet(**UNET), torch.zeros(2, 1))


def test_two_prompts_keep_their_dials():
    one, other = (
        Conditioning(torch.zeros(1, 1, 1), torch.ones(1, 1, dtype=torch.bool), ((),), None, torch.tensor([[w]]))
        for w in (1.0, 2.0)
    )
    assert (one + other).dials.tolist() == [[1.0], [2.0]]
