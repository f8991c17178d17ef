"""A line says worse or better only where its interval allows it."""

import dataclasses

import numpy as np
import pytest

from sfumato.evaluate.interval import Estimate
from sfumato.evaluate.line import Line, difference

NUMBER = Estimate(1.0, 0.5, 1.5)


@pytest.mark.parametrize(
    ("against", "kind", "lower", "verdict"),
    [
        (Estimate(1.0, 0.5, 1.5), "difference", True, "worse"),
        (Estimate(-1.0, -1.5, -0.5), "difference", True, "better"),
        (Estimate(1.0, -0.5, 1.5), "difference", True, ""),
        (Estimate(0.5, 0.4, 0.6), "share", False, "worse"),
        (Estimate(1.5, 1.4, 1.6), "share", False, "better"),
        (Estimate(0.9, 0.8, 1.1), "share", False, ""),
        (Estimate(0.9, float("nan"), float("nan")), "share", False, ""),
        (None, "share", False, ""),
    ],
)
def test_verdict(against, kind, lower, verdict):
    assert (
        Line(measure="m", pictures=30, families=20, made=NUMBER, against=against, kind=kind, lower=lower).verdict
        == verdict
    )


def test_what_does_not_exist_is_null():
    line = Line(measure="m", pictures=30, families=20, made=Estimate(float("nan"), 0.0, float("inf")))
    found = line.to_dict()
    assert found["made"] == [None, 0.0, None]
    assert found["real"] is found["difference"] is found["verdict"] is None


def test_a_difference_is_paired():
    """Both sides move together over the resamples: their difference does not move at all."""
    moves = np.linspace(-1.0, 1.0, 101)
    found = difference(Estimate(3.0, 2.0, 4.0), 3.0 + moves, NUMBER, 1.0 + moves)
    assert (found.value, found.low, found.high) == pytest.approx((2.0, 2.0, 2.0))
    assert NUMBER.times(1000.0) == Estimate(1000.0, 500.0, 1500.0)


def test_few_families_have_neither_interval_nor_verdict():
    line = Line(measure="m", pictures=30, families=9, made=NUMBER, real=NUMBER, against=Estimate(1.0, 0.5, 1.5))
    assert line.verdict == ""
    assert line.to_dict()["made"] == [1.0, None, None]
    assert dataclasses.replace(line, families=10).verdict == "worse"
