"""The ruler of text encoders, on cases whose answers are known."""

import numpy as np
import pytest
from scipy.stats import binomtest, hypergeom

from by_path import loaded
from sfumato.corpus.paraphrase import kept_back
from sfumato.corpus.rows import Row


@pytest.fixture(scope="module")
def script():
    return loaded("scripts/measure_text.py")


def test_one_row_for_each_concept(script):
    rows = [Row(position=k, id=f"{k}", caption="x", concept="abc"[k % 3]) for k in range(30)]
    assert sorted(rows[k].concept for k in script.chosen(rows)) == ["a", "b", "c"]
    assert script.chosen(rows) == script.chosen(rows)
    assert script.chosen([*rows[:1], Row(position=1, id="y", caption="other")]) != script.chosen(rows[:1])


def test_words_are_new_to_training_and_to_every_row_that_has_them(script):
    kept = [w for w in (f"{a}{b}{c}" for a in "bdfgk" for b in "aeiou" for c in "mnprst") if kept_back(w)][:3]
    rows = [
        Row(position=0, id="a", caption="a cat", keywords=(kept[0], kept[1], "12", "pet")),
        Row(position=1, id="b", caption=f"old {kept[1]}s", keywords=(kept[1].upper(), kept[2])),
        Row(position=2, id="c", caption="a dog", keywords=(kept[0].title(),)),
    ]
    words, right = script.words_of(rows)
    assert words == sorted([kept[0], kept[2]])
    assert right[words.index(kept[0])].tolist() == [True, False, True]
    assert right[words.index(kept[2])].tolist() == [False, True, False]


def test_hits_and_chance(script):
    near = np.array([[0.9, 0.1, 0.5, 0.2], [0.1, 0.2, 0.3, 0.4]])
    right = np.array([[False, False, True, False], [True, True, False, False]])
    assert script.hits(near, right, 1).tolist() == [False, False]
    assert script.hits(near, right, 2).tolist() == [True, False]
    assert script.hits(near, right, 3).tolist() == [True, True]
    assert script.chance(right, 1) == pytest.approx((1 / 4 + 2 / 4) / 2)
    expected = np.mean([1 - hypergeom(4, m, 3).pmf(0) for m in (1, 2)])
    assert script.chance(right, 3) == pytest.approx(expected)


def test_chance_is_what_random_vectors_reach(script):
    draw = np.random.default_rng(0)
    right = draw.uniform(size=(2000, 40)) < 0.05
    right[:, 0] = True
    found = script.rates(draw.normal(size=right.shape), right)
    for k in (1, 5):
        low, high = found[f"top{k}"]["interval"]
        assert low < found[f"top{k}"]["chance"] < high


def test_the_interval_is_wilsons(script):
    for hit, n in ((0, 50), (7, 50), (50, 50)):
        known = binomtest(hit, n).proportion_ci(method="wilson")
        assert script.interval(hit / n, n) == pytest.approx((known.low, known.high), abs=1e-4)


def test_every_prompt_is_read_each_time_it_is_timed(script):
    seen = []
    assert script.seconds_of(seen.append, [str(k) for k in range(70)]) >= 0
    assert [len(batch) for batch in seen] == [32, 32, 6] * script.TIMED
