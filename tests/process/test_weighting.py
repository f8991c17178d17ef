"""Loss weights: each paper's formula for each thing a network may output, and one belief behind them all."""

import numpy as np
import pytest
import torch

from sfumato.errors import LevelError, ScheduleError
from sfumato.process.parameterisation import X0, Edm, Eps, Flow, V
from sfumato.process.schedule import CLEAN
from sfumato.process.schedules import EDM, Linear, Rectified
from sfumato.process.weighting import (
    EdmWeighting,
    FlowWeighting,
    MinSnr,
    Simple,
    Weighting,
    weighting_from,
    weighting_to,
)

LEVELS = [Linear().at(i) for i in (5, 200, 260, 500, 1000)]
at_each = pytest.mark.parametrize("level", LEVELS, ids=lambda level: f"{level.i}")


def ratio(level):
    return (level.alpha / level.sigma) ** 2


@at_each
@pytest.mark.parametrize("gamma", [5.0, 1.0])
def test_min_snr_is_the_papers(level, gamma):
    snr, weight = ratio(level), MinSnr(gamma)
    assert weight(level, X0()) == pytest.approx(min(snr, gamma), rel=1e-12)
    assert weight(level, Eps()) == pytest.approx(min(snr, gamma) / snr, rel=1e-12)
    assert weight(level, V()) == pytest.approx(min(snr, gamma) / (snr + 1), rel=1e-12)


def test_the_levels_lie_on_both_sides_of_the_cap():
    assert {ratio(level) > 5.0 for level in LEVELS} == {True, False}


def test_edm_weight_is_the_papers():
    for i in (3, 500, 1000):
        level = EDM().at(i)
        s, d = level.sigma, 0.5
        assert EdmWeighting()(level, X0()) == pytest.approx((s**2 + d**2) / (s * d) ** 2, rel=1e-12)
        assert EdmWeighting()(level, Edm()) == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("sigma", [0.03, 0.2, 0.9])
def test_the_flow_weight_is_the_error_of_the_flow(sigma):
    """|u_hat - u|^2 of the belief behind an x0 parameterisation, with the paper's max(sigma, 0.05) below."""
    level, x_0, eps, x0_hat = Rectified()(sigma), 0.4, -1.1, 0.9
    x_t = level.alpha * x_0 + level.sigma * eps
    u, u_hat = ((x_t - x) / max(level.sigma, 0.05) for x in (x_0, x0_hat))
    assert FlowWeighting()(level, X0()) * (x0_hat - x_0) ** 2 == pytest.approx((u_hat - u) ** 2, rel=1e-12)
    assert FlowWeighting()(level, Flow()) == pytest.approx(min(1.0, sigma / 0.05) ** 2, rel=1e-12)


def test_the_flow_weight_on_a_curved_schedule():
    level, x_0, wrong = Linear().at(500), 0.4, 0.9
    eps_off = -level.alpha * (wrong - x_0) / level.sigma
    off = eps_off - (wrong - x_0)
    assert FlowWeighting()(level, X0()) * (wrong - x_0) ** 2 == pytest.approx(off**2, rel=1e-12)


@pytest.mark.parametrize("weighting", [MinSnr(), EdmWeighting(), FlowWeighting()], ids=lambda w: w.kind)
def test_the_same_loss_whatever_is_predicted(weighting):
    """One wrong belief costs the same, in whichever output it is measured."""
    level = Rectified().at(370)
    x_0, eps = np.array([0.4]), np.array([-1.1])
    x_t = level.alpha * x_0 + level.sigma * eps
    wrong_x0 = np.array([0.9])
    wrong_eps = (x_t - level.alpha * wrong_x0) / level.sigma
    costs = []
    for parameterisation in (Eps(), X0(), V(), Flow(), Edm(), Edm(sigma_data=1.5)):
        right, wrong = parameterisation.target(x_0, eps, level), parameterisation.target(wrong_x0, wrong_eps, level)
        costs.append((weighting(level, parameterisation) * (right - wrong) ** 2).item())
    np.testing.assert_allclose(costs, costs[0], rtol=1e-12)


def test_simple_is_one():
    assert isinstance(Simple(), Weighting)
    assert Simple()(CLEAN, Eps()) == 1.0


def test_arrays_and_tensors():
    many = Linear().at(np.array([5, 260, 1000]))
    ours = MinSnr()(many, V())
    np.testing.assert_allclose(ours, [MinSnr()(Linear().at(i), V()) for i in (5, 260, 1000)], rtol=1e-14)
    theirs = MinSnr()(many.against(torch.zeros(3, 1, dtype=torch.float64)), V())
    np.testing.assert_allclose(theirs[:, 0].numpy(), ours, rtol=1e-13)


def test_ends():
    noise = Rectified().at(1000)
    for weighting in (MinSnr(), EdmWeighting(), FlowWeighting()):
        for level in (CLEAN, noise):
            for parameterisation in (V(), Flow(), Edm()):
                assert np.isfinite(weighting(level, parameterisation))
    with pytest.raises(LevelError):
        MinSnr()(noise, Eps())


def test_options():
    known = [("min-snr", "gamma", 3.0), ("edm", "sigma_data", 1.0), ("flow", "floor", 0.1)]
    for options in ({"kind": "simple"}, *({"kind": kind, name: value} for kind, name, value in known)):
        assert weighting_to(weighting_from(options)) == options
    with pytest.raises(ScheduleError, match="did you mean 'min-snr'"):
        weighting_from({"kind": "min_snr"})
    with pytest.raises(ScheduleError, match="gamma"):
        MinSnr(0.0)
    with pytest.raises(ScheduleError, match="sigma_data"):
        EdmWeighting(-1.0)
    with pytest.raises(ScheduleError, match="floor"):
        FlowWeighting(0.0)
