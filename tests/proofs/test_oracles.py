"""Oracles against integrals over x_0 and finite differences of the density."""

import numpy as np
import pytest
import torch
from known import COVARIANCE, LINE, ORACLES, POINTS, batch, slope
from scipy import stats

from sfumato.errors import LevelError, ScheduleError
from sfumato.process.oracle import Empirical, Gaussian, Mixture, Oracle
from sfumato.process.schedule import CLEAN
from sfumato.process.schedules import EDM, Linear, Rectified

LEVELS = [Linear().at(30), Linear().at(500), Rectified().at(1000), EDM().at(600), EDM().at(1000)]
each = pytest.mark.parametrize("name", ORACLES)
at_each_level = pytest.mark.parametrize("level", LEVELS, ids=lambda v: f"{v.alpha:.2g}-{v.sigma:.2g}")


def gradient(f, x, h):
    """The gradient of f at each row of x."""
    columns = [slope(lambda s, e=e: f(x + s * e), 0.0, h) for e in np.eye(x.shape[1])]
    return np.stack(columns, axis=1)


@each
@at_each_level
def test_the_belief_agrees_with_the_state(name, level):
    assert isinstance(ORACLES[name], Oracle)
    x = batch(level)
    belief = ORACLES[name](x, level)
    np.testing.assert_allclose(belief.toward(level), x, rtol=1e-12, atol=1e-13)


@at_each_level
def test_the_denoiser_is_the_integral_over_the_line(level):
    """E[x_0 | x_t] by the trapezium rule, which converges faster than any power here."""
    grid = np.linspace(-4.0, 4.0, 60_001)
    parts = zip(LINE.weights, LINE.means[:, 0], LINE.stds[:, 0], strict=True)
    prior = sum(w * stats.norm.pdf(grid, m, s) for w, m, s in parts)
    x = level.alpha * np.array([-1.3, -0.1, 0.2, 0.8]) + level.sigma * np.array([0.5, -0.2, 0.1, -1.0])
    likelihood = stats.norm.pdf(x[:, None], level.alpha * grid, level.sigma)
    evidence = (likelihood * prior).sum(axis=1)
    belief = LINE(x[:, None], level)
    exact = (likelihood * prior) @ grid / evidence
    np.testing.assert_allclose(belief.x0_hat[:, 0], exact, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(
        LINE.log_density(x[:, None], level), np.log(evidence * (grid[1] - grid[0])), rtol=1e-12, atol=1e-12
    )


@at_each_level
def test_the_full_gaussian_is_conditioning(level):
    """The mean of x_0 given x_t in their joint Gaussian, by linear algebra on the covariance itself."""
    mean = np.array([0.5, -1.0, 0.2])
    total = level.alpha**2 * COVARIANCE + level.sigma**2 * np.eye(3)
    x = batch(level)
    exact = mean + level.alpha * np.linalg.solve(total, (x - level.alpha * mean).T).T @ COVARIANCE
    oracle = ORACLES["gaussian-full"]
    np.testing.assert_allclose(oracle(x, level).x0_hat, exact, rtol=1e-11, atol=1e-12)
    log_density = stats.multivariate_normal.logpdf(x, level.alpha * mean, total)
    np.testing.assert_allclose(oracle.log_density(x, level), log_density, rtol=1e-12)


@at_each_level
def test_the_mixture_of_one_is_the_gaussian(level):
    one = ORACLES["gaussian"]
    same = Mixture(np.ones(1), one.mean[None], one.std[None])
    x = batch(level)
    for left, right in ((one(x, level).x0_hat, same(x, level).x0_hat), (one.score(x, level), same.score(x, level))):
        np.testing.assert_allclose(left, right, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(one.log_density(x, level), same.log_density(x, level), rtol=1e-13)


@at_each_level
def test_the_empirical_one_is_a_weighted_mean(level):
    """Bayes' rule over the points, one at a time and with no trick."""
    x = batch(level)
    density = np.array([[np.prod(stats.norm.pdf(row, level.alpha * p, level.sigma)) for p in POINTS] for row in x])
    oracle = ORACLES["empirical"]
    seen = density.sum(axis=1) > 1e-250
    assert seen.any()
    exact = density @ POINTS / density.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(oracle(x, level).x0_hat[seen], exact[seen], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(oracle.log_density(x, level)[seen], np.log(density.mean(axis=1))[seen], rtol=1e-11)


def test_the_empirical_one_minimises_the_training_loss():
    """Among all functions of x_t the posterior mean loses least: here against small changes of it, over fixed noise."""
    rng, level = np.random.default_rng(2), Linear().at(400)
    x_0 = np.repeat(POINTS, 20_000, axis=0)
    x_t = level.alpha * x_0 + level.sigma * rng.standard_normal(x_0.shape)
    best = ORACLES["empirical"](x_t, level).x0_hat
    loss = ((best - x_0) ** 2).mean()
    for other in (1.05 * best, best + 0.05, best + 0.05 * x_t, best + 0.05 * np.sin(x_t)):
        assert ((other - x_0) ** 2).mean() > loss


@each
@at_each_level
def test_the_score_is_the_slope_of_the_log_density(name, level):
    oracle, x = ORACLES[name], batch(level)
    exact = gradient(lambda points: oracle.log_density(points, level), x, 2e-3 * level.sigma)
    size = np.abs(exact).max()
    np.testing.assert_allclose(oracle.score(x, level), exact, rtol=1e-8, atol=1e-8 * size)
    np.testing.assert_allclose(oracle(x, level).score, oracle.score(x, level), rtol=1e-10, atol=1e-12 * size)


@pytest.mark.parametrize("name", ["gaussian", "gaussian-full", "mixture"])
def test_clean_is_regular(name):
    oracle, x = ORACLES[name], batch(CLEAN)
    np.testing.assert_allclose(oracle(x, CLEAN).x0_hat, x, rtol=1e-12)
    assert not oracle(x, CLEAN).eps_hat.any()
    assert np.isfinite(oracle.score(x, CLEAN)).all()


def test_without_signal_the_belief_is_the_mean():
    noise = Rectified().at(1000)
    x = batch(noise)
    for oracle, mean in ((ORACLES["gaussian"], ORACLES["gaussian"].mean), (ORACLES["empirical"], POINTS.mean(axis=0))):
        np.testing.assert_allclose(oracle(x, noise).x0_hat, np.broadcast_to(mean, x.shape), rtol=1e-14)


def test_levels_may_be_arrays():
    steps = np.array([30, 500, 900])
    x = batch(Linear().at(500), 3)
    many = Linear().at(steps).against(x)
    for oracle in ORACLES.values():
        belief, density = oracle(x, many), oracle.log_density(x, many)
        for k, i in enumerate(steps.tolist()):
            one = oracle(x[k : k + 1], Linear().at(i))
            np.testing.assert_allclose(belief.x0_hat[k], one.x0_hat[0], rtol=1e-12)
            np.testing.assert_allclose(belief.eps_hat[k], one.eps_hat[0], rtol=1e-12, atol=1e-14)
            np.testing.assert_allclose(density[k], oracle.log_density(x[k : k + 1], Linear().at(i))[0], rtol=1e-12)


def test_samples_have_the_moments():
    rng, n = np.random.default_rng(3), 200_000
    eps, u = rng.standard_normal((n, 3)), rng.random(n)
    full = ORACLES["gaussian-full"].sample(eps)
    np.testing.assert_allclose(np.cov(full.T), COVARIANCE, atol=5 / n**0.5 * 2)
    mixture = ORACLES["mixture"]
    drawn = mixture.sample(u, eps)
    mean = mixture.weights @ mixture.means
    variance = mixture.weights @ (mixture.stds**2 + mixture.means**2) - mean**2
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=5 / n**0.5)
    np.testing.assert_allclose(drawn.var(axis=0), variance, rtol=0.02)
    bump = np.sin(2 * drawn).mean(axis=0)
    exact = mixture.weights @ (np.sin(2 * mixture.means) * np.exp(-2 * mixture.stds**2))
    np.testing.assert_allclose(bump, exact, atol=5 / n**0.5)


def test_pictures_in_torch():
    rng = np.random.default_rng(4)
    points, x = rng.standard_normal((5, 3, 4, 4)), rng.standard_normal((2, 3, 4, 4))
    level = Linear().at(300)
    exact = Empirical(points)(x, level)
    for held in (points, torch.from_numpy(points)):
        belief = Empirical(held)(torch.from_numpy(x), level)
        assert belief.x0_hat.shape == (2, 3, 4, 4)
        np.testing.assert_allclose(belief.x0_hat.numpy(), exact.x0_hat, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(Empirical(torch.from_numpy(points))(x, level).x0_hat, exact.x0_hat, rtol=1e-12)


def test_impossible_oracles():
    with pytest.raises(ScheduleError, match="positive standard deviation"):
        Gaussian(np.zeros(2), np.array([1.0, 0.0]))
    with pytest.raises(ScheduleError, match="sum to 1"):
        Mixture(np.array([0.5, 0.6]), np.zeros((2, 1)), np.ones((2, 1)))
    with pytest.raises(ScheduleError, match="positive standard"):
        Mixture(np.array([0.5, 0.5]), np.zeros((2, 1)), np.zeros((2, 1)))
    with pytest.raises(LevelError, match="spikes"):
        Empirical(POINTS)(POINTS, CLEAN)
