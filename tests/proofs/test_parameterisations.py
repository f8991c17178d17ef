"""Conversions: every reading undoes its target, on every schedule, and is its paper's formula."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.process.forward import jump
from sfumato.process.parameterisation import X0, Edm, Eps, Flow, V
from sfumato.process.schedule import Level
from sfumato.process.schedules import EDM, VE, Cosine, Linear, Rectified, ScaledLinear, Sigmoid, Tabulated

SCHEDULES = [Tabulated((0.1, 0.6)), Linear(), ScaledLinear(), Cosine(), Sigmoid(), Rectified(), EDM(), VE()]
ALL = [Eps(), X0(), V(), Edm(), Edm(sigma_data=2.0), Flow()]
numbers = st.floats(-100.0, 100.0)
pairs = st.tuples(numbers, numbers)
PAIRS = [(s, p) for s in SCHEDULES for p in ALL if p.kind != "flow" or s.kind == "rectified"]
each = pytest.mark.parametrize(("schedule", "parameterisation"), PAIRS, ids=lambda part: repr(part))


def slack(level, parameterisation, *values):
    """1e-12, widened where a reading divides by a small number: x_0 from eps by alpha, eps from x_0 by sigma."""
    worst = {"eps": level.sigma / level.alpha if level.alpha else math.inf, "x0": level.alpha / level.sigma}
    return 1e-12 * max(1.0, worst.get(parameterisation.kind, 1.0)) * max(1.0, *(abs(v) for v in values))


@each
@given(t=st.floats(1e-6, 1.0 - 1e-9), x_0=numbers, eps=numbers)
@settings(max_examples=50)
def test_read_undoes_target(schedule, parameterisation, t, x_0, eps):
    level = schedule(t)
    x_0, eps = np.array([x_0]), np.array([eps])
    x_t = jump(x_0, eps, level)
    belief = parameterisation.read(parameterisation.target(x_0, eps, level), x_t, level)
    close = slack(level, parameterisation, x_0[0], eps[0])
    assert abs(belief.x0_hat - x_0) <= close
    assert abs(belief.eps_hat - eps) <= close
    assert abs(jump(belief.x0_hat, belief.eps_hat, level) - x_t) <= 1e-12 * max(1.0, *abs(x_t), *abs(x_0), *abs(eps))


@each
@given(t=st.floats(0.01, 0.99), output=numbers, x_t=numbers)
@settings(max_examples=50)
def test_target_undoes_read(schedule, parameterisation, t, output, x_t):
    """Any output, right or wrong, is a belief that the parameterisation would state in the same words."""
    level = schedule(t)
    output, x_t = np.array([output]), np.array([x_t])
    belief = parameterisation.read(output, x_t, level)
    again = parameterisation.target(belief.x0_hat, belief.eps_hat, level)
    size = max(1.0, *abs(belief.x0_hat), *abs(belief.eps_hat)) * max(1.0, level.sigma, 1.0 / level.sigma)
    assert abs(again - output) <= 1e-12 * size


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda s: s.kind)
@given(t=st.floats(0.05, 0.95), believed=pairs)
@settings(max_examples=30)
def test_every_conversion(schedule, t, believed):
    """The same belief, written in any parameterisation and read back, is one belief."""
    level = schedule(t)
    x_0, eps = np.array([believed[0]]), np.array([believed[1]])
    x_t = jump(x_0, eps, level)
    beliefs = [p.read(p.target(x_0, eps, level), x_t, level) for s, p in PAIRS if s is schedule]
    for belief in beliefs[1:]:
        size = 1e-11 * max(1.0, *abs(x_0), *abs(eps)) * max(level.sigma / level.alpha, level.alpha / level.sigma)
        assert abs(belief.x0_hat - beliefs[0].x0_hat) <= size
        assert abs(belief.eps_hat - beliefs[0].eps_hat) <= size
        assert abs(belief.score + belief.eps_hat / level.sigma) <= 1e-15 * abs(belief.eps_hat / level.sigma)


@each
def test_torch_agrees_with_numpy(schedule, parameterisation):
    level = schedule(np.array([0.1, 0.4, 0.9]))
    column = Level(*(part.reshape(3, 1) for part in (level.t, level.alpha, level.sigma)))
    x_0, eps = np.arange(6.0).reshape(3, 2) - 2.5, np.cos(np.arange(6.0)).reshape(3, 2)
    tensors = [torch.from_numpy(part) for part in (x_0, eps)]
    there = level.against(tensors[0])
    target = parameterisation.target(x_0, eps, column)
    np.testing.assert_allclose(parameterisation.target(*tensors, there).numpy(), target, rtol=1e-13)
    ours = parameterisation.read(target, jump(x_0, eps, column), column)
    theirs = parameterisation.read(torch.from_numpy(target), jump(*tensors, there), there)
    np.testing.assert_allclose(theirs.x0_hat.numpy(), ours.x0_hat, rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(theirs.eps_hat.numpy(), ours.eps_hat, rtol=1e-10, atol=1e-11)


@each
def test_sensitivity(schedule, parameterisation):
    """A change of 1 in the output moves x0_hat by sigma times the sensitivity, eps_hat by alpha times it."""
    level = schedule(0.37)
    x_t = np.array([0.7])
    base, moved = (parameterisation.read(np.array([value]), x_t, level) for value in (0.25, 1.25))
    change = moved.x0_hat - base.x0_hat
    assert abs(change) == pytest.approx(level.sigma * parameterisation.sensitivity(level), rel=1e-11)
    assert moved.eps_hat - base.eps_hat == pytest.approx(-level.alpha / level.sigma * change, rel=1e-9)


@given(s=st.floats(0.002, 80.0), d=st.floats(0.1, 3.0), values=pairs)
@settings(max_examples=100)
def test_edm_is_karras(s, d, values):
    """D(y) = c_skip y + c_out F(c_in y), with table 1's constants, of y = x_t / alpha."""
    y, F = np.array([values[0]]), np.array([values[1]])
    c_skip, c_out, c_in = d**2 / (s**2 + d**2), s * d / math.sqrt(s**2 + d**2), 1 / math.sqrt(s**2 + d**2)
    for alpha in (1.0, 0.3):
        level = Level(0.5, alpha, alpha * s)
        edm = Edm(sigma_data=d)
        assert edm.scale_in(level) * alpha == pytest.approx(c_in, rel=1e-13)
        size = abs(c_skip * y) + abs(c_out * F)
        assert abs(edm.read(F, alpha * y, level).x0_hat - (c_skip * y + c_out * F)) <= 1e-13 * size
        eps = (F - y) / 3
        paper = (y - c_skip * (y + s * eps)) / c_out
        worst = (abs(y) + abs(c_skip) * (abs(y) + s * abs(eps))) / c_out
        assert abs(edm.target(y, eps, level) - paper) <= 1e-13 * worst + 1e-15


def test_edm_with_unit_data_is_minus_v():
    level = Linear().at(321)
    x_0, eps = np.array([0.3, -2.0]), np.array([1.5, 0.25])
    np.testing.assert_allclose(Edm(sigma_data=1.0).target(x_0, eps, level), -V().target(x_0, eps, level), rtol=1e-14)


def test_flow_is_the_velocity_and_v_the_angular_one():
    x_0, eps, t, h = np.array([0.3, -2.0]), np.array([1.5, 0.25]), 0.4, 1e-5
    ahead, behind = (jump(x_0, eps, Rectified()(t + dt)) for dt in (h, -h))
    np.testing.assert_allclose(Flow().target(x_0, eps, Rectified()(t)), (ahead - behind) / (2 * h), rtol=1e-9)

    def circle(phi):
        return Level(phi, math.cos(phi), math.sin(phi))

    ahead, behind = (jump(x_0, eps, circle(t + dt)) for dt in (h, -h))
    np.testing.assert_allclose(V().target(x_0, eps, circle(t)), (ahead - behind) / (2 * h), rtol=1e-9)
