"""Parameterisations: singular ends, levels they refuse, and how they are stored. Round trips are in tests/proofs."""

import json

import numpy as np
import pytest
import torch

from sfumato.errors import LevelError, ScheduleError
from sfumato.process.parameterisation import (
    PARAMETERISATIONS,
    X0,
    Edm,
    Eps,
    Flow,
    V,
    parameterisation_from,
    parameterisation_to,
)
from sfumato.process.prediction import Parameterisation, Prediction
from sfumato.process.schedule import CLEAN, Level
from sfumato.process.schedules import EDM, Linear, Rectified

NOISE = Rectified().at(1000)
x = np.array([[0.5, -2.0]])


@pytest.mark.parametrize("kind", PARAMETERISATIONS.kinds)
def test_json_round_trip(kind):
    built = parameterisation_from({"kind": kind})
    assert isinstance(built, Parameterisation)
    assert parameterisation_from(json.loads(json.dumps(parameterisation_to(built)))) == built


def test_unknown_options():
    assert parameterisation_from({"kind": "edm", "sigma_data": 1}) == Edm(sigma_data=1.0)
    with pytest.raises(ScheduleError, match="did you mean 'flow'"):
        parameterisation_from({"kind": "flows"})
    with pytest.raises(ScheduleError, match="it takes no options"):
        parameterisation_from({"kind": "v", "sigma_data": 1.0})
    with pytest.raises(ScheduleError, match="sigma_data"):
        Edm(sigma_data=0.0)


@pytest.mark.parametrize("act", [lambda p: p.read(x, x, NOISE), lambda p: p.sensitivity(NOISE)])
def test_eps_without_signal(act):
    with pytest.raises(LevelError, match="alpha = 0"):
        act(Eps())


@pytest.mark.parametrize("act", [lambda p: p.read(x, x, CLEAN), lambda p: p.sensitivity(CLEAN)])
def test_x0_without_noise(act):
    with pytest.raises(LevelError, match="sigma = 0"):
        act(X0())


@pytest.mark.parametrize("parameterisation", [V(), Flow(), Edm()], ids=lambda p: p.kind)
@pytest.mark.parametrize("level", [CLEAN, NOISE], ids=["clean", "noise"])
def test_finite_at_both_ends(parameterisation, level):
    x_0, eps = np.array([[1.0, -0.25]]), np.array([[0.75, 2.0]])
    output = parameterisation.target(x_0, eps, level)
    belief = parameterisation.read(output, level.alpha * x_0 + level.sigma * eps, level)
    np.testing.assert_allclose(belief.x0_hat, x_0, rtol=1e-15)
    np.testing.assert_allclose(belief.eps_hat, eps, rtol=1e-15)


@pytest.mark.parametrize(
    "level",
    [Linear().at(500), EDM().at(500), Linear()(np.array([[0.5]])), Level(0.5, torch.ones(1, 1), torch.ones(1, 1))],
)
def test_flow_needs_the_straight_line(level):
    with pytest.raises(ScheduleError, match=r"alpha \+ sigma = 1"):
        Flow().target(x, x, level)
    with pytest.raises(ScheduleError, match=r"alpha \+ sigma = 1"):
        Flow().read(x, x, level)


def test_flow_takes_float32_levels():
    level = Rectified()(torch.linspace(0.001, 0.999, 64)[:, None])
    ones = torch.ones(64, 2)
    torch.testing.assert_close(Flow().read(-ones, ones, level).x0_hat, 1 + level.sigma * ones)


def test_only_edm_scales_what_the_network_sees():
    level = Linear().at(300)
    assert [p.scale_in(level) for p in (Eps(), X0(), V(), Flow())] == [1.0] * 4
    spread = (level.alpha * 0.5) ** 2 + level.sigma**2
    assert Edm().scale_in(level) ** 2 * spread == pytest.approx(1.0, rel=1e-14)


def test_prediction_agrees_with_itself():
    level = Linear().at(700)
    belief = Prediction.from_x0(x, level, np.array([[0.1, 0.2]]))
    np.testing.assert_allclose(level.alpha * belief.x0_hat + level.sigma * belief.eps_hat, x, rtol=1e-14)
    np.testing.assert_allclose(belief.toward(level), x, rtol=1e-14)
    np.testing.assert_allclose(belief.score, -belief.eps_hat / level.sigma, rtol=1e-15)
    np.testing.assert_allclose(belief.v_hat, V().target(belief.x0_hat, belief.eps_hat, level), rtol=1e-15)
