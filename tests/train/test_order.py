"""The order of the data is a pure function of (seed, pictures shown)."""

from collections import Counter

import numpy as np
import pytest

from sfumato.train.order import Order


def shown(order, start, count):
    return [tuple(place) for place in order.at(start, count)[0].tolist()]


def test_any_cut_of_the_sequence_is_the_sequence():
    order = Order(3, (50, 20), (1.0, 0.5))
    whole, chances = order.at(0, 240)
    for start, count in ((0, 1), (7, 64), (59, 2), (100, 140)):
        places, chance = Order(3, (50, 20), (1.0, 0.5)).at(start, count)
        assert np.array_equal(places, whole[start : start + count])
        assert np.array_equal(chance, chances[start : start + count])


def test_weights_say_how_often_each_row_comes():
    order = Order(0, (50, 40, 12), (1.0, 0.25, 2.0))
    assert order.per_epoch == 50 + 10 + 24
    counts = Counter(shown(order, 0, 4 * order.per_epoch))
    assert {counts[0, k] for k in range(50)} == {4}
    assert {counts[1, k] for k in range(40)} == {1}
    assert {counts[2, k] for k in range(12)} == {8}


def test_each_epoch_and_each_seed_has_its_own_order():
    order = Order(0, (200,), (1.0,))
    first, second = shown(order, 0, 200), shown(order, 200, 200)
    assert sorted(first) == sorted(second)
    assert first != second
    assert first != shown(Order(1, (200,), (1.0,)), 0, 200)


def test_chances_are_uniform_and_independent_of_the_order():
    chances = Order(5, (2000,), (1.0,)).at(0, 2000)[1]
    assert chances.min() > 0
    assert chances.max() < 1
    assert np.abs(chances.mean(axis=0) - 0.5).max() < 0.03
    assert np.abs(np.corrcoef(chances.T) - np.eye(chances.shape[1])).max() < 0.08


@pytest.mark.parametrize("batch", [1, 16, 64])
def test_the_order_does_not_know_the_batch(batch):
    order = Order(9, (30,), (1.0,))
    pieces = [place for k in range(0, 128, batch) for place in shown(order, k, batch)]
    assert pieces == shown(order, 0, 128)
