"""Level densities: each one's distribution function undoes it, for every u."""

import math

import numpy as np
import pytest
from scipy import stats

from sfumato.errors import ScheduleError
from sfumato.process.density import (
    DENSITIES,
    Density,
    DiscreteUniform,
    LogitNormal,
    LogNormal,
    Uniform,
    density_from,
    density_to,
)
from sfumato.process.schedules import EDM, Linear, Rectified

u = (np.arange(2000) + 0.5) / 2000


def test_uniform():
    level = Uniform()(u, Rectified())
    assert level.t.tolist() == u.tolist()
    assert level.sigma.tolist() == u.tolist()


@pytest.mark.parametrize("shift", [0.5, 3.0])
def test_a_shifted_uniform_has_its_density(shift):
    t = Uniform(shift)(u, Rectified()).t
    np.testing.assert_allclose(t / (shift - (shift - 1.0) * t), u, rtol=1e-12)
    density = np.diff(u) / np.diff(t)
    assert density[[0, -1]] == pytest.approx([1.0 / shift, shift], rel=1e-2)
    for bad in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(ScheduleError, match="shift"):
            Uniform(bad)


def test_discrete_uniform():
    level = DiscreteUniform()(u, Linear())
    assert np.unique_counts(level.i).counts.tolist() == [2] * 1000
    assert (level.i.min(), level.i.max()) == (1, 1000)
    assert level.sigma[-1] == Linear().at(1000).sigma
    assert DiscreteUniform()(np.array([np.nextafter(1.0, 0.0)]), Linear()).i.tolist() == [1000]


@pytest.mark.parametrize(("mean", "std"), [(0.0, 1.0), (-0.5, 1.3)])
def test_logit_normal(mean, std):
    t = LogitNormal(mean, std)(u, Rectified()).t
    np.testing.assert_allclose(stats.norm.cdf(np.log(t / (1 - t)), mean, std), u, rtol=1e-10)


@pytest.mark.parametrize("schedule", [EDM(), Rectified(), Linear()], ids=lambda s: s.kind)
def test_log_normal(schedule):
    level = LogNormal()(u, schedule)
    np.testing.assert_allclose(stats.norm.cdf(np.log(level.sigma_edm), -1.2, 1.2), u, rtol=1e-9)


def test_log_normal_stays_in_range():
    level = LogNormal(mean=10.0, std=1.0)(u, EDM())
    assert level.sigma.max() == pytest.approx(80.0, rel=1e-9)
    assert (level.t <= 1.0).all()


@pytest.mark.parametrize("kind", DENSITIES.kinds)
def test_noise_grows_with_u(kind):
    density = density_from({"kind": kind})
    assert isinstance(density, Density)
    for schedule in (Linear(), Rectified(), EDM()):
        level = density(u, schedule)
        assert (np.diff(level.t) >= 0.0).all()
        assert (np.diff(level.sigma) >= 0.0).all()
        assert level.sigma[0] < level.sigma[-1]
    assert density_from(density_to(density)) == density


@pytest.mark.parametrize("kind", DENSITIES.kinds)
@pytest.mark.parametrize("bad", [0.0, 1.0, -0.1, math.nan])
def test_numbers_that_are_not_uniform(kind, bad):
    with pytest.raises(ScheduleError, match="above 0 and below 1"):
        density_from({"kind": kind})(np.array([0.5, bad]), Rectified())


def test_options():
    with pytest.raises(ScheduleError, match="did you mean 'logit-normal'"):
        density_from({"kind": "logitnormal"})
    for spread in (0.0, math.inf, math.nan):
        with pytest.raises(ScheduleError, match="spread"):
            LogitNormal(std=spread)
        with pytest.raises(ScheduleError, match="spread"):
            LogNormal(std=spread)
