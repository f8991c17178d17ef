"""Exact trajectories against the probability flow ODE, the density they carry, and the quantiles they keep."""

import math

import numpy as np
import pytest
from known import LINE, ORACLES, POINTS, batch, slope
from scipy.special import ndtr

from sfumato.errors import ScheduleError
from sfumato.process.prediction import Prediction
from sfumato.process.schedule import CLEAN, Level
from sfumato.process.schedules import EDM, Linear, Rectified
from sfumato.process.trajectory import integrate

each = pytest.mark.parametrize("name", ORACLES)


def circle(phi):
    return Level(phi, math.cos(phi), math.sin(phi))


CLOCKS = {  # a family of levels, and dx/dclock as the belief has it
    "rectified": (lambda t: Rectified()(t), 0.6, lambda p: p.eps_hat - p.x0_hat),
    "exploding": (lambda sigma: Level(0.5, 1.0, sigma), 0.8, lambda p: p.eps_hat),
    "circle": (circle, 0.7, lambda p: p.v_hat),
}


@each
@pytest.mark.parametrize("clock", CLOCKS)
def test_flow_obeys_the_probability_flow(name, clock):
    """dx/dt = alpha' x0_hat + sigma' eps_hat along the trajectory, for three families of levels."""
    level_of, now, velocity = CLOCKS[clock]
    oracle = ORACLES[name]
    start, x = level_of(now * 1.3), batch(level_of(now * 1.3))
    here = level_of(now)
    at = oracle.flow(x, start, here)
    moving = slope(lambda s: oracle.flow(x, start, level_of(s)), now, 2e-3)
    np.testing.assert_allclose(moving, velocity(oracle(at, here)), rtol=1e-7, atol=1e-8)


@each
@pytest.mark.parametrize("schedule", [Linear(), Rectified(), EDM()], ids=lambda s: s.kind)
def test_flow_composes_and_returns(name, schedule):
    oracle = ORACLES[name]
    noise, middle, faint = schedule.at(1000), schedule.at(450), schedule.at(20)
    x = batch(noise)
    at = oracle.flow(x, noise, middle)
    there = oracle.flow(at, middle, faint)
    np.testing.assert_allclose(oracle.flow(x, noise, faint), there, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(oracle.flow(x, noise, noise), x, rtol=1e-14)
    if name != "empirical":  # which forgets where it came from as sigma falls
        np.testing.assert_allclose(oracle.flow(there, faint, noise), x, rtol=1e-10, atol=1e-10)
        clean = oracle.flow(x, noise, CLEAN)
        np.testing.assert_allclose(oracle.flow(clean, CLEAN, noise), x, rtol=1e-10, atol=1e-10)


def distribution(oracle, x, level):
    """P(x_t < x) for a mixture on the line."""
    means, stds = oracle.means[:, 0], oracle.stds[:, 0]
    return ndtr((x - level.alpha * means) / np.sqrt(level.alpha**2 * stds**2 + level.sigma**2)) @ oracle.weights


@pytest.mark.parametrize("schedule", [Linear(), Rectified(), EDM()], ids=lambda s: s.kind)
def test_flow_on_the_line_keeps_quantiles(schedule):
    """On the line the probability flow is the monotone map between the distributions, which needs no integrator."""
    noise = schedule.at(1000)
    x = noise.sigma * np.linspace(-2.5, 2.5, 11)[:, None]
    before = distribution(LINE, x, noise)
    for there in (schedule.at(700), schedule.at(200), schedule.at(1), CLEAN):
        np.testing.assert_allclose(distribution(LINE, LINE.flow(x, noise, there), there), before, rtol=2e-12)


@pytest.mark.parametrize("name", ["gaussian-full", "mixture"])
def test_flow_carries_the_density(name):
    """p_s(x_s) |det dx_s/dx_t| = p_t(x_t) in three dimensions."""
    oracle, here, there = ORACLES[name], Linear().at(800), Linear().at(250)
    x = batch(here, 3)
    columns = [slope(lambda s, e=e: oracle.flow(x + s * e, here, there), 0.0, 1e-2) for e in np.eye(3)]
    stretch = np.log(np.abs(np.linalg.det(np.stack(columns, axis=2))))
    after = oracle.log_density(oracle.flow(x, here, there), there) + stretch
    np.testing.assert_allclose(after, oracle.log_density(x, here), rtol=1e-6)


@pytest.mark.parametrize("name", ["gaussian", "gaussian-full"])
def test_the_integrator_agrees_with_the_formula(name):
    oracle, x = ORACLES[name], batch(EDM().at(1000))
    for there in (EDM().at(500), CLEAN):
        exact = oracle.flow(x, EDM().at(1000), there)
        np.testing.assert_allclose(integrate(oracle, x, EDM().at(1000), there), exact, rtol=1e-12, atol=1e-12)


def test_the_integrator_says_when_it_fails():
    def rough(x, level):
        return Prediction(x, level, np.sign(np.sin(1e5 * x)), 0 * x)

    with pytest.raises(ScheduleError, match="not settled"):
        integrate(rough, np.array([[0.3]]), Linear().at(900), Linear().at(100), most=64)


def test_the_empirical_flow_ends_on_a_point():
    x = batch(Linear().at(1000), 20)
    ends = ORACLES["empirical"].flow(x, Linear().at(1000), CLEAN)
    nearest = np.abs(ends[:, None] - POINTS).max(axis=2).min(axis=1)
    assert nearest.max() < 1e-7
