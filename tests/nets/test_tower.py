"""The text tower: who may look at whom, what padding does, and the pair that meets in one space."""

import pytest
import torch

from sfumato.errors import ShapeError
from sfumato.nets.tower import TextTower, last_state, quick_gelu
from sfumato.nets.towers import PictureTower, Towers
from tiny import randomised

TINY = {"vocabulary": 40, "width": 24, "depth": 2, "heads": 3, "hidden": 32, "positions": 8}
IDS = torch.tensor([[0, 5, 6, 7, 1], [0, 5, 6, 1, 1]])
MASK = torch.tensor([[True] * 5, [True] * 4 + [False]])


def tower(**options):
    return randomised(TextTower(**(TINY | options)), 3).eval()


@torch.no_grad()
@pytest.mark.parametrize("attend", ["causal", "whole"])
def test_what_a_token_sees(attend):
    net = tower(attend=attend)
    before, changed = net(IDS, MASK), IDS.clone()
    changed[0, 3] = 9
    moved = (net(changed, MASK) - before).abs().amax(dim=2) > 1e-6
    assert moved[0].tolist() == ([False] * 3 + [True] * 2 if attend == "causal" else [True] * 5)
    assert not moved[1].any()


@torch.no_grad()
@pytest.mark.parametrize("attend", ["causal", "whole"])
def test_padding_is_nothing(attend):
    net = tower(attend=attend)
    padded, alone = net(IDS, MASK)[1, :4], net(IDS[1:, :4], MASK[1:, :4])[0]
    torch.testing.assert_close(padded, alone)
    other = IDS.clone()
    other[1, 4] = 30
    torch.testing.assert_close(net(other, MASK)[1, :4], padded)


def test_the_last_real_token_stands_for_the_text():
    states = torch.arange(10.0).view(2, 5, 1)
    assert last_state(states, MASK).flatten().tolist() == [4.0, 8.0]


def test_quick_gelu_is_near_gelu():
    x = torch.linspace(-4, 4, 81)
    assert (quick_gelu(x) - torch.nn.functional.gelu(x)).abs().max() < 0.021
    assert float(quick_gelu(torch.tensor(1.0))) == pytest.approx(0.845796, abs=1e-6)


def test_impossible_towers_and_texts_are_refused():
    with pytest.raises(ShapeError, match="does not divide into 5 heads"):
        tower(heads=5)
    with pytest.raises(ShapeError, match="has positions for 8"):
        tower()(torch.zeros(1, 9, dtype=torch.long), torch.ones(1, 9, dtype=torch.bool))


@torch.no_grad()
def test_both_towers_meet_as_unit_vectors():
    net = randomised(Towers(**TINY, widths=[8, 12], joint=10, shrink=2), 1).eval()
    u, v = net.of_text(IDS, MASK), net.of_pictures(torch.linspace(-1, 1, 3 * 3 * 32 * 32).view(3, 3, 32, 32))
    assert (u.shape, v.shape) == ((2, 10), (3, 10))
    torch.testing.assert_close(u.norm(dim=1), torch.ones(2))
    torch.testing.assert_close(v.norm(dim=1), torch.ones(3))
    expected = net.scale.exp() * torch.stack([(v * u[k]).sum(dim=1) for k in range(2)], dim=1) + net.bias
    torch.testing.assert_close(net.logits(u, v), expected)


@torch.no_grad()
def test_a_picture_is_seen_at_its_mean():
    """shrink 2 sees the mean of 2 x 2 pixels, so a doubled picture is the picture."""
    small = torch.linspace(-1, 1, 3 * 16 * 16).view(1, 3, 16, 16)
    one = randomised(PictureTower(widths=[8], depth=1), 2)
    two = randomised(PictureTower(widths=[8], depth=1, shrink=2), 2)
    torch.testing.assert_close(two(small.repeat_interleave(2, 2).repeat_interleave(2, 3)), one(small))


def test_a_teacher_adds_a_head_only():
    without, taught = Towers(**TINY).state_dict(), Towers(**TINY, teacher=16).state_dict()
    assert set(taught) - set(without) == {"to_teacher.weight", "to_teacher.bias"}
