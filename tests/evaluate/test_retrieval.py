"""Retrieval on features whose answers are known."""

import numpy as np
import pytest

from sfumato.evaluate.pairs import hash_order
from sfumato.evaluate.retrieval import ranks, search_of


@pytest.fixture(scope="module")
def held_out(rows):
    val = [row for row in rows if row.split == "val"]
    return [val[k] for k in hash_order(val)]


@pytest.fixture(scope="module")
def train(rows):
    return [row for row in rows if row.split == "train"]


def one_hot(rows, column):
    """Features that say one thing of a row and nothing else."""
    values = [getattr(row, column) for row in rows]
    return lambda some: np.stack(
        [np.eye(len(set(values)))[sorted(set(values)).index(getattr(r, column))] for r in some]
    )


def test_galleries_hold_every_concept_in_another_style(held_out, train):
    search = search_of(held_out, train, 20)
    assert search.size == 20
    assert len(search.queries) >= 20
    for k, target, style in zip(search.queries, search.targets, search.styles, strict=True):
        gallery = [train[j] for j in search.galleries[style]]
        assert held_out[k].style == style
        assert gallery[target].concept == held_out[k].concept
        assert style not in {row.style for row in gallery}
        assert len({row.concept for row in gallery}) == 20


def test_features_that_know_the_concept_find_it(held_out, train):
    search, known = search_of(held_out, train, 20), one_hot(held_out + train, "concept")
    assert (ranks(search, known(held_out), known(train)) == 0).all()


def test_pictures_of_the_wrong_concept_are_not_found(held_out, train):
    search, known = search_of(held_out, train, 20), one_hot(held_out + train, "concept")
    made = known(held_out)
    made[search.queries] = np.roll(made[search.queries], 1, axis=0)
    assert (ranks(search, made, known(train)) > 0).all()


def test_features_that_say_nothing_are_last_and_not_first(held_out, train):
    """All scores are equal: a tie is no hit."""
    search = search_of(held_out, train, 20)
    assert (ranks(search, np.ones((len(held_out), 3)), np.ones((len(train), 3))) == 19).all()


def test_a_corpus_without_concepts_in_several_styles_has_no_search(held_out, train):
    assert search_of(held_out, [row for row in train if row.style == "noto"]) is None
