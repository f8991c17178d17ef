"""How numbers are spelled."""

import pytest

from sfumato.evaluate.table import HEADS, about_copies, about_cost, cells, plain, signed, times

LINE = {"measure": "KID", "part": "all", "pictures": 9, "made": [1.0, 0.5, 1.5], "real": None, "verdict": None}


@pytest.mark.parametrize(
    ("spell", "estimate", "text"),
    [
        (plain, [12.3456, 1.0, 20.0], "12.35 [1, 20]"),
        (plain, [12.3456, None, None], "12.35"),
        (plain, [None, None, None], "-"),
        (plain, None, "-"),
        (signed, [1.5, -0.5, 2.0], "+1.5 [-0.5, +2]"),
        (times, [0.5, 0.25, 1.0], "x 0.5 [0.25, 1]"),
        (times, None, "-"),
    ],
)
def test_estimates(spell, estimate, text):
    assert spell(estimate) == text


def test_a_line_has_a_cell_for_every_head():
    assert cells(LINE | {"share": None}) == ("KID", "all", "9", "1 [0.5, 1.5]", "-", "-", "")
    found = cells(LINE | {"difference": [1.0, 0.5, 2.0], "verdict": "worse"})
    assert found[-2:] == ("+1 [+0.5, +2]", "worse")
    assert len(found) == len(HEADS)


def test_cost_and_copies_are_sentences():
    assert about_cost(None) == "nobody counted what drawing cost"
    cost = {
        "seconds_per_picture": 0.5,
        "evaluations_per_picture": 40.0,
        "memory_mb": None,
        "engine": {"device": "cpu"},
    }
    assert about_cost(cost) == "a picture: 0.50 s, 40 network evaluations (on cpu)"
    assert "40 network evaluations, 312 MB at most (on" in about_cost(cost | {"memory_mb": 311.7})
    told = about_cost(cost | {"engine": {"device": "cpu", "threads": 2}})
    assert told == "a picture: 0.50 s, 40 network evaluations (on cpu, threads: 2)"
    copies = {"below": 1, "outputs": 8, "share_percent": 12.5, "upper_bound_percent": 47.07}
    said = about_copies(copies | {"planted": 20, "planted_caught": 19})
    assert "1 of 8 (12.50 %, at most 47.07 % with 95 % confidence; real 1 %): not proven: planted copies missed" in said
    assert said.endswith("caught: 19 of 20")
    said = about_copies(copies | {"planted": 20, "planted_caught": 20, "not_searched": ["tones", "clipart"]})
    assert "real 1 %): above 2 %; planted" in said
    assert said.endswith("caught: 20 of 20; trained on, but not searched: tones, clipart")
