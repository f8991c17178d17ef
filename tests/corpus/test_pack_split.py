"""Pictures held out: by family, by pairs, and never a family or pair on both sides."""

from collections import defaultdict

import pytest

from sfumato.corpus.pack_split import ByFamily, ByPairs, Kept
from sfumato.corpus.rows import Row
from sfumato.errors import CorpusError, RecipeError


def rows(families=60, styles=8, tones=2):
    """Every family in every style, in a few tones."""
    every = [(f, s, t) for f in range(families) for s in range(styles) for t in range(tones)]
    return [
        Row(position=k, id=f"{f}/{s}/{t}", caption="c", family=f"f{f}", style=f"s{s}", split="other")
        for k, (f, s, t) in enumerate(every)
    ]


def values(some, *names):
    return {tuple(getattr(row, name) for name in names) for row in some}


def parts(some):
    return [[row for row in some if row.split == split] for split in ("train", "val")]


def test_kept_is_kept():
    assert Kept()(rows()) == rows()


def test_a_family_is_on_one_side_and_stays_there():
    settled = ByFamily(share=0.2)(rows(400, 2))
    train, val = parts(settled)
    assert len(train) + len(val) == len(settled) == 1600
    assert not values(train, "family") & values(val, "family")
    assert 0.14 < len(val) / len(settled) < 0.26
    fewer = ByFamily(share=0.2)(rows(400, 2)[::-3])
    assert {row.id: row.split for row in fewer}.items() <= {row.id: row.split for row in settled}.items()
    assert {r.id for r in val} <= {r.id for r in parts(ByFamily(share=0.4)(rows(400, 2)))[1]}


def test_a_row_without_a_family_stands_for_itself():
    some = [Row(position=k, id=str(k), caption="c") for k in range(300)]
    assert 30 < len(parts(ByFamily(share=0.2)(some))[1]) < 90


def test_pairs_are_whole_and_others_stay():
    settled = ByPairs(share=0.1, others=3)(rows())
    train, val = parts(settled)
    assert 96 <= len(val) <= 98
    assert not values(train, "family", "style") & values(val, "family", "style")
    known = defaultdict(set)
    for row in train:
        known[row.family].add(row.style)
        known[row.style].add(row.family)
    assert all(len(known[name]) >= 3 for row in val for name in (row.family, row.style))


def test_no_more_is_held_out_than_the_others_allow():
    settled = ByPairs(share=0.9, others=2)(rows(6, 4, 1))
    train, _ = parts(settled)
    styles, families = defaultdict(set), defaultdict(set)
    for row in train:
        styles[row.family].add(row.style)
        families[row.style].add(row.family)
    assert min(map(len, [*styles.values(), *families.values()])) == 2
    assert (len(styles), len(families)) == (6, 4)


def test_pairs_do_not_depend_on_the_order_of_rows():
    settled = ByPairs(share=0.1)(rows())
    again = ByPairs(share=0.1)(rows()[::-1])
    assert {row.id: row.split for row in settled} == {row.id: row.split for row in again}


def test_rows_that_lack_an_attribute_are_trained_on():
    some = [
        *rows(),
        Row(position=0, id="x", caption="c", style="s1"),
        Row(position=0, id="y", caption="c", family="f1"),
    ]
    assert [row.split for row in ByPairs(share=0.5)(some)[-2:]] == ["train", "train"]


def test_where_no_pair_can_be_held_out():
    with pytest.raises(CorpusError, match="no pair of family and style can be held out with 2 others"):
        ByPairs()(rows(2, 2))


@pytest.mark.parametrize(
    "make",
    [
        lambda: ByFamily(share=0.0),
        lambda: ByFamily(share=1.0),
        lambda: ByPairs(share=float("nan")),
        lambda: ByPairs(attributes=("family", "colour")),
        lambda: ByPairs(attributes=("style", "style")),
        lambda: ByPairs(others=0),
    ],
)
def test_what_makes_no_split_is_refused(make):
    with pytest.raises(RecipeError):
        make()
