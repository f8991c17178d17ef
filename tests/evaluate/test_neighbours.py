"""Precision, recall, density and coverage against the prdc package of their authors, and on sets that are known."""

import numpy as np
import prdc
import pytest

from sfumato.evaluate.neighbours import distances, neighbours


@pytest.mark.parity
@pytest.mark.parametrize(("n", "m", "shift"), [(60, 60, 0.0), (40, 70, 0.3), (70, 40, 1.0)])
def test_the_prdc_package_says_the_same(n, m, shift, capsys):
    rng = np.random.default_rng(n)
    real, made = rng.normal(size=(m, 6)), rng.normal(size=(n, 6)) * 0.8 + shift
    expected = prdc.compute_prdc(real_features=real, fake_features=made, nearest_k=5)
    found = neighbours(made, real, 5)
    for name in ("precision", "recall", "density", "coverage"):
        assert np.mean(getattr(found, name)) == pytest.approx(expected[name], abs=1e-12), name
    assert 0.0 < np.mean(found.coverage) < 1.0


def test_sets_that_do_not_touch():
    x = np.random.default_rng(0).normal(size=(30, 4))
    found = neighbours(x + 100.0, x)
    assert not found.precision.any()
    assert not found.recall.any()
    assert not found.density.any()
    assert not found.coverage.any()


def test_a_set_of_one_picture_repeated_has_precision_and_no_recall():
    x = np.random.default_rng(0).normal(size=(30, 4))
    found = neighbours(np.repeat(x[:1], 30, axis=0), x)
    assert found.precision.all()
    assert not found.recall.any()
    assert found.coverage.mean() < 0.7


def test_few_pictures_lower_k():
    x = np.random.default_rng(0).normal(size=(3, 4))
    assert neighbours(x, x).coverage.all()
    assert neighbours(x, x).density.shape == (3,)


def test_distances():
    x, y = np.random.default_rng(1).normal(size=(2, 7, 5))
    expected = np.linalg.norm(x[:, None] - y[None], axis=-1)
    np.testing.assert_allclose(distances(x, y), expected, atol=1e-6)
    assert np.abs(np.diag(distances(x, x))).max() < 1e-6
