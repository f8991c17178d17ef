"""The choice of rows: by hash alone, of the same styles, none twice."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from sfumato.corpus.rows import Row
from sfumato.errors import CorpusError
from sfumato.evaluate.pairs import floor_of, hash_order, pair_of, parts_of, styles_of


def row(k, style="noto", **changes):
    return Row(position=k, id=f"{style}/{k}", caption=f"thing {k}", style=style, **changes)


ROWS = [row(k, style) for k, style in enumerate(["noto"] * 5 + ["fluent-3d"] * 3 + ["rect-flag"] * 2)]


def test_the_order_is_that_of_the_ids_hashes():
    order = hash_order(ROWS)
    assert sorted(order) == list(range(10))
    assert list(order) != list(range(10))
    shuffled = ROWS[::-1]
    assert [shuffled[k].id for k in hash_order(shuffled)] == [ROWS[k].id for k in order]


def test_the_floor_has_the_same_number_and_style_mix():
    train = [replace(r, id=f"{r.id}-{copy}") for r in ROWS for copy in range(4)]
    floor = floor_of(ROWS, train)
    assert [train[k].style for k in floor] == [r.style for r in ROWS]
    assert len(set(floor)) == len(ROWS)
    assert np.array_equal(floor, floor_of(ROWS, train))


def test_a_style_that_train_lacks_is_named():
    with pytest.raises(CorpusError, match="'fluent-3d' has 3 held-out pictures and fewer in train, 1;"):
        floor_of(ROWS, [r for r in ROWS if r.style != "fluent-3d"] + ROWS[5:6])


def test_a_flag_stands_for_a_flag():
    flags = [replace(row(k, "twemoji"), caption=f"flag of {k}") for k in range(20, 24)]
    others = [row(k, "twemoji") for k in range(24, 40)]
    floor = floor_of([row(1, "twemoji"), replace(row(2, "twemoji"), caption="flag of Chad")], flags + others)
    assert floor[0] >= 4 > floor[1]
    with pytest.raises(CorpusError, match="held-out flags and fewer in train, 0"):
        floor_of(flags[:1], others)


def test_styles_and_parts_cover_the_rows():
    flag = row(11, "twemoji", family="f")
    rows = [*ROWS, replace(flag, caption="flag of Chad")]
    styles = styles_of(rows)
    assert {name: int(mask.sum()) for name, mask in styles.items()} == Counter(r.style for r in rows)
    parts = parts_of(rows)
    assert {name: int(mask.sum()) for name, mask in parts.items()} == {"flags": 3, "fluent": 3, "rest": 5}
    assert parts_of([row(0), row(1)]) == {}


def test_a_row_without_a_family_is_a_pair_of_its_own():
    assert pair_of(row(1)) == ("noto/1", "noto")
    assert pair_of(row(1, family="f")) == ("f", "noto")
