"""Diversity: nothing where seeds say nothing, everything where prompts say nothing."""

import numpy as np
import pytest

from sfumato.corpus.rows import Row
from sfumato.evaluate.diversity import STRIDE, between, diversity_line, seeds_of, within
from sfumato.evaluate.interval import resamples

ROWS = [Row(position=k, id=str(k), caption=str(k), style="ab"[k % 2], family=str(k // 2)) for k in range(60)]
COUNTS = resamples([row.family for row in ROWS], 100)


def pictures(seed, *shape):
    return np.random.default_rng(seed).normal(size=(*shape, 16))


def test_seeds_never_meet_those_of_another_prompt():
    assert seeds_of(3, 3) == [3, 3 + STRIDE, 3 + 2 * STRIDE]
    every = [seed for k in range(1000) for seed in seeds_of(k, 4)]
    assert len(set(every)) == 4000


def test_equal_pictures_have_no_diversity():
    made = np.repeat(pictures(0, 10, 1), 4, axis=1)
    line = diversity_line(made, pictures(1, 60), ROWS, COUNTS)
    assert line.made.value == pytest.approx(0.0, abs=1e-5)
    assert line.pictures == 40
    assert line.families == 5, "those of the ten rows that have seeds"
    assert line.verdict == ""


def test_pictures_of_one_distribution_have_a_share_of_one():
    """The interval holds the truth, 1, where seeds of a prompt are as far apart as different things."""
    line = diversity_line(pictures(0, 50, 4), pictures(1, 60), ROWS, COUNTS)
    assert line.against.low < 1.0 < line.against.high
    assert line.against.value == pytest.approx(1.0, abs=0.05)


def test_within_is_the_mean_over_pairs():
    made = pictures(2, 3, 3)
    expected = np.mean([np.linalg.norm(made[1, i] - made[1, j]) for i, j in ((0, 1), (0, 2), (1, 2))])
    assert within(made)[1] == pytest.approx(expected)


def test_between_looks_at_one_style_and_other_families():
    real = pictures(3, 6)
    rows = [Row(position=k, id=str(k), caption="", style="aaab"[k % 4], family="ffgghh"[k]) for k in range(6)]
    found = between(real, rows)
    assert found[0] == pytest.approx(np.mean([np.linalg.norm(real[0] - real[k]) for k in (2, 4, 5)]))
    assert np.isnan(found[3])
