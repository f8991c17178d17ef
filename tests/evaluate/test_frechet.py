"""FD against the closed form for Gaussians, and against scipy's root of a matrix."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from sfumato.evaluate.frechet import frechet


def closed_form(a, b):
    (m, p), (n, q) = a, b
    return float(((m - n) ** 2).sum() + np.trace(p + q - 2 * np.real(sqrtm(p @ q))))


def gaussian(seed, d=5):
    draw = np.random.default_rng(seed).normal
    half = draw(size=(d, d))
    return draw(size=d), half @ half.T


def test_it_tends_to_the_closed_form_for_gaussians():
    a, b = gaussian(1), gaussian(2)
    rng = np.random.default_rng(0)
    found = frechet(rng.multivariate_normal(*a, size=100_000), rng.multivariate_normal(*b, size=100_000))
    assert found == pytest.approx(closed_form(a, b), rel=0.02)


def test_it_is_the_formula_on_the_sets_own_moments():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(40, 5)), rng.normal(size=(60, 5)) * 2 + 1
    moments = [(z.mean(axis=0), np.cov(z, rowvar=False)) for z in (x, y)]
    assert frechet(x, y) == pytest.approx(closed_form(*moments), rel=1e-7)


def test_fewer_pictures_than_features():
    """Covariances of rank 7 in 30 dimensions: a root that scipy cannot take is a sum of singular values here."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(8, 30))
    assert frechet(x, x) == pytest.approx(0.0, abs=1e-9)
    assert frechet(x, x + 2.0) == pytest.approx(4.0 * 30, rel=1e-9)
    turned = np.linalg.qr(rng.normal(size=(30, 30)))[0]
    y = rng.normal(size=(9, 30))
    assert frechet(x @ turned, y @ turned) == pytest.approx(frechet(x, y), rel=1e-9)
    assert frechet(x, y) == pytest.approx(frechet(y, x), rel=1e-9)


def test_one_picture_has_no_covariance():
    assert np.isnan(frechet(np.ones((1, 3)), np.ones((5, 3))))
