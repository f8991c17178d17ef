"""Grids: n + 1 levels that fall to CLEAN, where their definitions put them."""

import math
from itertools import pairwise

import numpy as np
import pytest
from jaxtyping import TypeCheckError

from sfumato.errors import ScheduleError
from sfumato.process.grid import GRIDS, karras, leading, linspace, quadratic, shifted, trailing, uniform, uniform_lambda
from sfumato.process.schedule import CLEAN
from sfumato.process.schedules import EDM, VE, Cosine, Linear, Rectified, ScaledLinear, Sigmoid

SCHEDULES = [Linear(), ScaledLinear(), Cosine(), Sigmoid(), Rectified(), EDM(), VE(), Linear(T=20)]


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda s: f"{s.kind}-{s.T}")
def test_levels_fall_to_clean(name, schedule):
    for n in (1, 2, 3, 7, 20, 333, 999, 1000):
        if n > schedule.T:
            continue
        levels = GRIDS[name](schedule, n)
        assert len(levels) == n + 1
        assert levels[-1] is CLEAN
        assert all(here.lam < there.lam and here.t > there.t for here, there in pairwise(levels))


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("n", [0, -1, 1001, True])
def test_impossible_counts(name, n):
    with pytest.raises(ScheduleError, match="any whole number from 1 to 1000"):
        GRIDS[name](Linear(), n)


@pytest.mark.parametrize("n", [2.0, math.nan, "4"])
def test_counts_of_the_wrong_type(n):
    with pytest.raises((ScheduleError, TypeCheckError)):
        trailing(Linear(), n)


def test_integer_grids_by_hand():
    def steps(levels):
        return [level.i for level in levels]

    assert steps(leading(Linear(), 4)) == [751, 501, 251, 1, 0]
    assert steps(leading(Linear(), 4, offset=1)) == [752, 502, 252, 2, 0]
    assert steps(trailing(Linear(), 4)) == [1000, 750, 500, 250, 0]
    assert steps(trailing(Linear(), 3)) == [1000, 667, 333, 0]
    assert steps(linspace(Linear(), 4)) == [1000, 667, 334, 1, 0]
    assert steps(linspace(Linear(), 1)) == [1000, 0]
    assert steps(quadratic(Linear(), 4)) == [1000, 562, 250, 62, 0]
    assert steps(quadratic(Linear(T=4), 4)) == [4, 3, 2, 1, 0]


def test_uniform_is_even_and_unrounded():
    levels = uniform(Rectified(), 3)
    assert [level.t for level in levels] == [1.0, 2 / 3, 1 / 3, 0.0]


def test_shifted_leans_towards_noise():
    assert [level.t for level in shifted(Rectified(), 4)] == pytest.approx([1.0, 0.9, 0.75, 0.5, 0.0])
    assert [level.t for level in shifted(Rectified(), 7, shift=1.0)] == [lev.t for lev in uniform(Rectified(), 7)]
    for bad in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(ScheduleError, match="shift"):
            shifted(Rectified(), 4, shift=bad)


def test_a_grid_past_the_last_step_is_refused():
    with pytest.raises(ScheduleError, match="1001"):
        leading(Linear(), 1000, offset=1)


def test_karras_is_even_in_the_seventh_root():
    levels = karras(Linear(), 11)
    roots = np.array([level.sigma_edm ** (1 / 7) for level in levels[:-1]])
    np.testing.assert_allclose(np.diff(roots), (roots[-1] - roots[0]) / 10, rtol=1e-10)
    assert (levels[0].i, levels[-2].i) == (1000, 1)
    with pytest.raises(ScheduleError, match="rho"):
        karras(Linear(), 5, rho=0.0)


def test_karras_on_its_own_schedule_is_even_in_steps():
    schedule = EDM()
    for level, i in zip(karras(schedule, 4)[:-1], (1000, 667, 334, 1), strict=True):
        assert level.sigma == pytest.approx(schedule.at(i).sigma, rel=1e-12)


@pytest.mark.parametrize("schedule", [Linear(), Rectified(), VE()], ids=lambda s: s.kind)
def test_uniform_lambda_is_even(schedule):
    lams = np.array([level.lam for level in uniform_lambda(schedule, 9)[:-1]])
    np.testing.assert_allclose(np.diff(lams), (lams[-1] - lams[0]) / 8, rtol=1e-9)
    noisiest = schedule.T if schedule.at(schedule.T).alpha > 0.0 else schedule.T - 1
    assert lams[0] == schedule.at(noisiest).lam
    assert lams[-1] == schedule.at(1).lam
