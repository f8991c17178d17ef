"""KID against the closed form for Gaussians, and against the sums written out."""

import itertools

import numpy as np
import pytest

from sfumato.evaluate.interval import resamples
from sfumato.evaluate.kid import apart, kernel, kid, over_seeds, resampled, statistic, terms


def cubes(mean, cov):
    """E x_i x_j x_k of a Gaussian: m m m + m C + m C + m C."""
    pairs = np.einsum("i,jk->ijk", mean, cov) + np.einsum("j,ik->ijk", mean, cov) + np.einsum("k,ij->ijk", mean, cov)
    return np.einsum("i,j,k->ijk", mean, mean, mean) + pairs


def expected_kernel(a, b):
    """E (x y / d + 1)^3 for independent x ~ N(a) and y ~ N(b): the moments of s = x y, one contraction each."""
    (m, p), (n, q) = a, b
    d = len(m)
    s1 = m @ n
    s2 = np.sum((p + np.outer(m, m)) * (q + np.outer(n, n)))
    s3 = np.sum(cubes(m, p) * cubes(n, q))
    return s3 / d**3 + 3 * s2 / d**2 + 3 * s1 / d + 1


def gaussian(seed, d=4):
    draw = np.random.default_rng(seed).normal
    half = draw(size=(d, d)) * 0.5
    return draw(size=d) * 0.5, half @ half.T


def test_unbiased_against_the_closed_form_for_gaussians():
    a, b = gaussian(1), gaussian(2)
    truth = expected_kernel(a, a) + expected_kernel(b, b) - 2 * expected_kernel(a, b)
    rng = np.random.default_rng(0)
    draws = [statistic(rng.multivariate_normal(*a, size=30), rng.multivariate_normal(*b, size=30)) for _ in range(1500)]
    error = np.std(draws) / np.sqrt(len(draws))
    assert truth > 20 * error
    assert abs(np.mean(draws) - truth) < 3 * error


def test_pairs_that_depend_on_each_other_do_not_bias_it():
    """x_i and y_i share a part, as two pictures of one prompt do; a mean over all i and j would be below zero."""
    rng = np.random.default_rng(0)
    draws = []
    for _ in range(1500):
        shared = rng.normal(size=(10, 4))
        draws.append(statistic(shared + 0.3 * rng.normal(size=(10, 4)), shared + 0.3 * rng.normal(size=(10, 4))))
    assert abs(np.mean(draws)) < 3 * np.std(draws) / np.sqrt(len(draws))


def test_the_sums_written_out():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(2, 6, 5))
    families = ["a", "a", "b", "c", "c", "d"]
    k = lambda p, q: (p @ q / 5 + 1) ** 3  # noqa: E731
    chosen = [(i, j) for i, j in itertools.permutations(range(6), 2) if families[i] != families[j]]
    total = [k(x[i], x[j]) + k(y[i], y[j]) - k(x[i], y[j]) - k(x[j], y[i]) for i, j in chosen]
    assert statistic(x, y, families) == pytest.approx(np.mean(total), rel=1e-12)
    assert kernel(x, y)[2, 3] == pytest.approx(k(x[2], y[3]))


def test_a_resample_never_pairs_a_family_with_its_own_copy():
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(2, 3, 5))
    h, different = terms(x, y), apart(["a", "b", "c"])
    found = resampled(h, different, np.array([[2, 1, 0], [3, 0, 0]]))
    assert found[0] == pytest.approx(h[0, 1])
    assert np.isnan(found[1])


def test_the_interval_holds_the_truth():
    a, b = gaussian(1), gaussian(2)
    truth = expected_kernel(a, a) + expected_kernel(b, b) - 2 * expected_kernel(a, b)
    rng = np.random.default_rng(5)
    families = [str(k // 2) for k in range(240)]
    counts = resamples(families, 200)
    held = []
    for _ in range(200):
        x, y = rng.multivariate_normal(*a, size=240), rng.multivariate_normal(*b, size=240)
        found, each = kid(x, y, families, counts)
        held.append(found.low < truth < found.high)
    assert len(each) == 200
    assert 0.88 < np.mean(held) < 0.99


def test_the_interval_of_several_seeds_is_narrower_and_holds_the_truth():
    """Four seeds a row beside the same real one: no bias, and 95 % is still about 95 %."""
    a, b = gaussian(2), gaussian(1)
    truth = 1e3 * (expected_kernel(a, a) + expected_kernel(b, b) - 2 * expected_kernel(a, b))
    rng = np.random.default_rng(6)
    families = [str(k) for k in range(100)]
    counts = resamples(families, 200)
    held, width, values = [], [], []
    for _ in range(120):
        x, y = rng.multivariate_normal(*a, size=(4, 100)), rng.multivariate_normal(*b, size=100)
        found, one = (over_seeds(seeds, y, families, counts)[0] for seeds in (list(x), [x[0]]))
        held.append(found.low < truth < found.high)
        width.append((found.high - found.low) / (one.high - one.low))
        values.append(found.value)
    assert 0.87 < np.mean(held) <= 0.995
    assert np.mean(width) < 0.9
    assert abs(np.mean(values) - truth) < 3 * np.std(values) / np.sqrt(len(values))
