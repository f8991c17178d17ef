"""The terms that compare a reconstruction with its picture, each on a case whose value is known."""

import pytest
import torch

from sfumato.alpha import over
from sfumato.train.recipe import AutoencoderLoss
from sfumato.train.reconstruction import coarse, distance, gradient, reconstruction

NONE = {"gradient": 0.0, "squared": 0.0, "scales": 0.0}


def checkerboard(side, cell):
    at = torch.arange(side) // cell
    return ((at[:, None] + at) % 2).float().expand(1, 3, side, side) * 2.0 - 1.0


def test_the_gradient_term_sees_edges_only():
    x = torch.zeros(1, 3, 8, 8)
    edge = x.clone()
    edge[..., 4:] = 1.0
    assert float(gradient(x + 0.3, x)) == 0.0
    assert float(gradient(edge, x)) == pytest.approx(1 / 7)


def test_the_coarse_term_sees_what_survives_scaling_down():
    x = torch.zeros(1, 3, 16, 16)
    assert float(coarse(x + 0.3, x)) == pytest.approx(0.3)
    assert float(coarse(checkerboard(16, 1), x)) == 0.0
    assert float(coarse(checkerboard(16, 2), x)) == pytest.approx(1 / 3)
    assert float(coarse(checkerboard(16, 4), x)) == pytest.approx(2 / 3)
    assert float(coarse(torch.ones(1, 3, 1, 1), torch.zeros(1, 3, 1, 1))) == 1.0


@pytest.mark.parametrize(("term", "value"), [("gradient", 0.0), ("squared", 0.09), ("scales", 0.3)])
def test_each_weight_multiplies_its_term(term, value):
    x = torch.zeros(1, 3, 16, 16)
    got = distance(x + 0.3, x, AutoencoderLoss(**{**NONE, term: 2.0}))
    assert float(got) == pytest.approx(0.3 + 2.0 * value)


def test_with_alpha_both_the_channels_and_what_is_seen_count():
    x, y = (torch.rand(2, 4, 8, 8, generator=torch.Generator().manual_seed(k)) * 2 - 1 for k in (0, 1))
    background = torch.tensor([[0.2, 0.4, 0.6], [1.0, 1.0, 1.0]])[:, :, None, None]
    weights = AutoencoderLoss(composite=0.25)
    want = 0.75 * distance(y, x, weights) + 0.25 * distance(over(y, background), over(x, background), weights)
    torch.testing.assert_close(reconstruction(y, x, background, weights), want)
    torch.testing.assert_close(reconstruction(y, x, None, weights), distance(y, x, weights))


def test_an_error_that_nobody_sees_over_its_background_costs_only_its_channels():
    """Alpha and colour may err together so that one background hides it; another one shows it."""
    x = torch.zeros(1, 4, 4, 4)
    y = x + 0.2
    white, black = torch.ones(1, 3, 1, 1), torch.zeros(1, 3, 1, 1)
    whole = AutoencoderLoss(**NONE, composite=1.0)
    assert float(reconstruction(y, x, white, whole)) == pytest.approx(0.0, abs=1e-6)
    assert float(reconstruction(y, x, black, whole)) == pytest.approx(0.2)
    assert float(reconstruction(y, x, white, AutoencoderLoss(**NONE, composite=0.5))) == pytest.approx(0.1)
