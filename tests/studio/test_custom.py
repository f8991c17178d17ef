"""The reader's own schedule: it passes the points, falls, and bends like scipy's monotone curve inside."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.interpolate import PchipInterpolator

from sfumato.errors import ScheduleError
from sfumato.studio.custom import monotone, schedule_through

falls = st.lists(st.floats(0.5, 40.0), min_size=3, max_size=3)


@given(falls)
@example([1.3313748811988297, 30.5, 0.5])
def test_it_passes_the_points_and_falls(falls):
    points = tuple(40.0 - sum(falls[:k]) for k in range(4))
    if points[-1] < -80.0:
        return
    levels = schedule_through(points).at(np.arange(1, 1001))
    db = 20 * np.log10(levels.alpha / levels.sigma)
    np.testing.assert_allclose(db[[0, 333, 666, 999]], points, atol=1e-9)
    assert (np.diff(db) < 0).all()


def test_inside_it_is_scipys_curve():
    y, at = [40.0, 8.0, -14.0, -40.0], np.linspace(1.0, 2.0, 50)
    np.testing.assert_allclose(monotone(y, at), PchipInterpolator(range(4), y)(at), atol=1e-12)


@pytest.mark.parametrize(
    "points", [(1, 2, 3, 4), (40, 8, 8, -40), (70, 0, -1, -2), (4, 3, 2), (0, -1, -2, float("nan"))]
)
def test_what_does_not_fall_is_refused(points):
    with pytest.raises(ScheduleError, match="points are"):
        schedule_through(points)
