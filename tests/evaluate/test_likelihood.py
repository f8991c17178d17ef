"""The likelihood against closed forms: Gaussians, mixtures, densities that must sum to one, bins."""

import math
from itertools import product

import numpy as np
import pytest
import torch
from scipy import stats
from tests.proofs.ground import fitted_order

from sfumato.errors import ScheduleError
from sfumato.evaluate.likelihood import at_angle, dequantised, likelihood, of_bins, signs
from sfumato.process.oracle import Gaussian, Mixture
from sfumato.process.parameterisation import V
from sfumato.process.prediction import Prediction
from sfumato.process.schedules import EDM, Cosine, Linear, Rectified

FAINT = 1e-3
GAUSSIAN = Gaussian(np.linspace(-0.4, 0.5, 6), np.linspace(0.05, 1.3, 6))
DRAWS = np.random.default_rng(0)
X = GAUSSIAN.sample(DRAWS.normal(size=(5, 6)))


def exact(oracle, x, schedule):
    """-log p of x as the data with the faintest noise, x_0 + tan(FAINT) eps."""
    level = at_angle(schedule, FAINT, math.inf)
    scaled = level.alpha * x
    return -oracle.log_density(scaled, level) - x[0].size * math.log(level.alpha)


def along_the_flow(x, schedule):
    """-log of the density that the exact flow makes of N(0, I): its end w, and its Jacobian axis by axis."""
    here, there = at_angle(schedule, FAINT, math.inf), schedule(1.0)
    end = GAUSSIAN.flow(here.alpha * x, here, there) / math.hypot(there.alpha, there.sigma)
    before, after = (level.alpha**2 * GAUSSIAN.std**2 + level.sigma**2 for level in (here, there))
    stretch = here.alpha * np.sqrt(after / before) / math.hypot(there.alpha, there.sigma)
    return -stats.norm.logpdf(end).sum(axis=1) - np.log(stretch).sum()


@pytest.mark.parametrize("schedule", [Rectified(), Cosine(), Linear(), EDM()], ids=lambda s: s.kind)
def test_the_exact_flow_from_noise(schedule):
    found = likelihood(GAUSSIAN, X, schedule, signs(range(5), X), steps=48, faintest=FAINT)
    np.testing.assert_allclose(found.nats_per_dim, along_the_flow(X, schedule) / 6, rtol=0, atol=2e-5)
    assert found.dims == 6


@pytest.mark.parametrize(("schedule", "tolerance"), [(Rectified(), 2e-5), (Linear(), 3e-3), (EDM(), 4e-3)])
def test_gaussian_in_closed_form(schedule, tolerance):
    """Linear ends at alpha = 0.006 and EDM at sigma = 80: their ends are not quite N(0, I)."""
    found = likelihood(GAUSSIAN, X, schedule, signs(range(5), X), steps=48, faintest=FAINT)
    np.testing.assert_allclose(found.nats_per_dim, exact(GAUSSIAN, X, schedule) / 6, rtol=0, atol=tolerance)


def test_the_faintest_noise_hardly_shows():
    clean = -GAUSSIAN.log_density(X, Rectified().at(0)) / 6
    np.testing.assert_allclose(exact(GAUSSIAN, X, Rectified()) / 6, clean, rtol=0, atol=2e-4)


def test_it_is_of_order_four():
    probe = signs(range(5), X)

    def error(n):
        found = likelihood(GAUSSIAN, X, Rectified(), probe, steps=n, faintest=FAINT)
        return np.abs(found.nats - exact(GAUSSIAN, X, Rectified())).max()

    assert 3.7 < fitted_order(error, (24, 48, 96)) < 4.6


def test_probes_average_to_the_trace():
    """All 16 probes of four coordinates: Hutchinson's mean is the trace, though the Jacobian is not diagonal."""
    half = DRAWS.normal(size=(4, 4))
    oracle = Gaussian.from_covariance(np.zeros(4), half @ half.T / 4 + 0.02 * np.eye(4))
    x = np.repeat(oracle.sample(DRAWS.normal(size=(1, 4))), 16, axis=0)
    probe = np.array(list(product((-1.0, 1.0), repeat=4)))
    found = likelihood(oracle, x, Rectified(), probe, steps=96, faintest=FAINT).nats
    assert found.std() > 1e-2
    assert found.mean() == pytest.approx(exact(oracle, x, Rectified())[0], abs=1e-4)


def test_a_mixture():
    oracle = Mixture(np.array([0.3, 0.7]), np.array([[-0.8], [0.6]]), np.array([[0.2], [0.5]]))
    x = np.linspace(-1.5, 2.0, 29)[:, None]
    found = likelihood(oracle, x, Rectified(), np.ones_like(x), steps=96, faintest=FAINT).nats
    np.testing.assert_allclose(found, exact(oracle, x, Rectified()), rtol=0, atol=1e-3)


def wrong(x, level):
    """A denoiser of no distribution: its flow still carries N(0, I) to some density."""
    return Prediction.from_x0(x, level, 0.6 * np.tanh(1.7 * x) + 0.2 * level.sigma)


def test_any_denoiser_gives_a_density_that_sums_to_one():
    x = np.linspace(-6.0, 6.0, 4001)[:, None]
    found = likelihood(wrong, x, Cosine(), np.ones_like(x), steps=48, faintest=0.1).nats
    assert np.trapezoid(np.exp(-found), x[:, 0]) == pytest.approx(1.0, abs=2e-3)


def test_single_precision_and_torch():
    def denoise(x, level):
        return V().read(0.3 * torch.tanh(2.0 * x.flip(-1)) - 0.2 * x, x, level)

    x = torch.from_numpy(DRAWS.normal(size=(4, 1, 6, 6)))
    probe = signs(range(4), x)
    double = likelihood(denoise, x, Cosine(), probe, steps=12).nats_per_dim
    single = likelihood(denoise, x.float(), Cosine(), probe.float(), steps=12).nats_per_dim
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.double(), double, rtol=0, atol=1e-3)


def test_bins_are_bounded_from_above_and_closely():
    """A normal of five bins' width: the bound's mean over u is above -log P of the bin, by the variance inside it."""
    scale, levels = 10 / 255, 256
    value = np.array([[-1.0 + 2 * 130 / 255]])
    x = np.repeat(value, 500, axis=0)
    moved = dequantised(x, range(500), levels=levels)
    assert np.abs(moved - x).max() < 1 / 255
    assert np.abs(moved - x).max() > 0.99 / 255
    oracle = Gaussian(np.zeros(1), np.full(1, scale))
    found = of_bins(likelihood(oracle, moved, Rectified(), np.ones_like(moved), steps=96, faintest=FAINT)).nats.mean()
    edges = stats.norm.cdf(np.array([value[0, 0] - 1 / 255, value[0, 0] + 1 / 255]) / scale)
    mass = -math.log(edges[1] - edges[0])
    assert mass - 5e-3 < found < mass + 2e-2


def test_probes_and_places_depend_on_the_seed_alone():
    x = np.zeros((3, 2, 2))
    probe = signs((4, 5, 6), x)
    assert set(np.unique(probe)) == {-1.0, 1.0}
    np.testing.assert_array_equal(signs((6,), x[:1]), probe[2:])
    np.testing.assert_array_equal(dequantised(x[:1], (6,)), dequantised(x, (4, 5, 6))[2:])
    assert not np.array_equal(signs((4,), x[:1]), signs((4,), x[:1], draw=1))


@pytest.mark.parametrize(("steps", "faintest"), [(0, 1e-3), (4, 0.0), (4, 2.0)])
def test_what_cannot_be_integrated_is_refused(steps, faintest):
    with pytest.raises(ScheduleError, match="expected one step or more"):
        likelihood(GAUSSIAN, X, Rectified(), np.ones_like(X), steps=steps, faintest=faintest)
