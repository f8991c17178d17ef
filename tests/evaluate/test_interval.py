"""Intervals: families move together, and 95 % means 95 %."""

import numpy as np
import pytest

from sfumato.evaluate.interval import (
    Estimate,
    families_in,
    groups_of,
    interval,
    jackknife,
    of_mean,
    of_ratio,
    of_share,
    resamples,
)

ALONE = resamples([str(k) for k in range(100)], 1000)
"""Of a hundred rows, each a family of its own."""


def test_a_family_is_drawn_as_a_whole():
    counts = resamples(["a", "b", "a", "c", "b"], 50)
    assert counts.shape == (50, 5)
    assert (counts[:, 0] == counts[:, 2]).all()
    assert (counts[:, 1] == counts[:, 4]).all()
    assert (counts[:, [0, 1, 3]].sum(axis=1) == 3).all()
    assert len({tuple(row) for row in counts}) > 5


def test_the_resamples_are_always_the_same():
    assert np.array_equal(resamples(list("abcd"), 10), resamples(list("abcd"), 10))


def test_a_mean_of_families_is_held_as_often_as_promised():
    """Rows of a family are equal: an interval over single rows would be half as wide, and hold the truth too seldom."""
    draw = np.random.default_rng(0).normal
    families = [str(k // 4) for k in range(200)]
    counts = resamples(families, 400)
    held = []
    for _ in range(300):
        found = of_mean(np.repeat(draw(size=50), 4), counts)
        held.append(found.low < 0.0 < found.high)
    assert 0.90 < np.mean(held) < 0.985


def test_a_ratio():
    counts = resamples([str(k) for k in range(40)], 200)
    under = np.arange(1.0, 41.0)
    found = of_ratio(under * 0.5, under, counts)
    assert (found.value, found.low, found.high) == pytest.approx((0.5, 0.5, 0.5))
    assert np.isnan(of_ratio(under, under * 0.0, counts).low)


def test_a_share_has_wilsons_interval():
    """Independent rows: the textbook's numbers for 30 of 100, about; for 0 of 100, exactly."""
    counts, hits = ALONE, np.arange(100) < 30
    found = of_share(100.0 * hits, counts, 100.0)
    assert (found.value, found.low, found.high) == pytest.approx((30.0, 21.9, 39.6), abs=0.5)
    none = of_share(np.zeros(100), counts)
    assert (none.value, none.low, none.high) == pytest.approx((0.0, 0.0, 0.0370), abs=1e-4)
    assert of_share(np.ones(100), counts).low == pytest.approx(1 - 0.0370, abs=1e-4)


def test_a_share_of_families_counts_families():
    """25 families of four equal rows are 25 numbers, not 100."""
    counts = resamples([str(k // 4) for k in range(100)], 1000)
    assert families_in(counts) == 25
    found, single = (of_share(np.repeat(np.arange(25) % 3 == 0, 4).astype(float), c) for c in (counts, ALONE))
    assert found.high - found.low == pytest.approx(2.0 * (single.high - single.low), rel=0.15)
    assert of_share(np.zeros(100), counts).high == pytest.approx(0.133, abs=1e-3)


def test_resamples_without_a_value_are_left_out():
    assert interval(1.0, np.array([np.nan, 2.0, 2.0])) == Estimate(1.0, 2.0, 2.0)
    assert np.isnan(interval(1.0, np.array([np.nan])).low)


def test_an_interval_spans_what_lies_in_it():
    assert Estimate(1.0, -0.1, 2.0).spans()
    assert not Estimate(1.0, 0.1, 2.0).spans()
    assert not Estimate(1.0, float("nan"), float("nan")).spans()


def test_the_jackknife_of_a_mean_is_its_standard_error():
    values = np.random.default_rng(0).normal(size=20)
    without = np.array([np.delete(values, k).mean() for k in range(20)])
    found = jackknife(float(values.mean()), without)
    half = 1.96 * values.std(ddof=1) / 20**0.5
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half))
    assert np.isnan(jackknife(1.0, np.array([1.0])).low)


def test_groups_keep_families_whole_and_are_even():
    families = [str(k // 3) for k in range(300)]
    group = groups_of(families)
    assert sorted(set(group)) == list(range(20))
    assert all(len({g for g, f in zip(group, families, strict=True) if f == name}) == 1 for name in set(families))
    assert np.bincount(group).max() == np.bincount(group).min() == 15
    assert sorted(set(groups_of(["a", "b", "a"]))) == [0, 1]
