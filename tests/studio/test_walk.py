"""A walk and its jump agree to float32's rounding, and the walk's noise added up is one standard normal."""

import numpy as np
import pytest

from sfumato.process.schedules import schedule_from
from sfumato.studio.photo import x_0
from sfumato.studio.walk import walk


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["linear", "scaled-linear", "cosine"])
def test_a_thousand_steps_land_where_one_jump_does(kind):
    photo = np.ascontiguousarray(x_0()[:, :32, :32])
    schedule = schedule_from({"kind": kind})
    *_, end = walk(photo, schedule, seed=3, to=1000, every=250)
    assert end.i == 1000
    assert 0.0 < end.difference < 1e-5
    level = schedule.at(1000)
    eps = (end.x_jump.astype(np.float64) - level.alpha * photo) / level.sigma
    assert eps.mean() == pytest.approx(0.0, abs=4 / eps.size**0.5)
    assert eps.std() == pytest.approx(1.0, abs=4 / (2 * eps.size) ** 0.5)


def test_another_seed_walks_elsewhere():
    photo, schedule = np.ascontiguousarray(x_0()[:, :8, :8]), schedule_from({"kind": "linear"})
    one, two = (next(walk(photo, schedule, seed=seed, to=5)) for seed in (1, 2))
    assert np.abs(one.x_walk - two.x_walk).max() > 0.01
