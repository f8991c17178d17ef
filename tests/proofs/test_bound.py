"""The variational bound: divergences against quadrature and signal-to-noise ratios, the sum against the likelihood."""

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from sfumato.errors import LevelError
from sfumato.process.bound import Information, density_reconstruction, kl_normal, prior_kl, reconstruction, step_kl
from sfumato.process.forward import jump, posterior
from sfumato.process.grid import uniform_lambda
from sfumato.process.oracle import Gaussian
from sfumato.process.schedule import CLEAN
from sfumato.process.schedules import EDM, Cosine, Linear, Rectified, ScaledLinear

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(40)
WEIGHTS = WEIGHTS / WEIGHTS.sum()
every = pytest.mark.parametrize(
    "schedule", [Linear(), ScaledLinear(), Cosine(), Rectified(), EDM()], ids=lambda s: s.kind
)


def kl_by_quadrature(mean_q, variance_q, mean_p, variance_p):
    """E_q[log q - log p], exact for Gaussians: the integrand is quadratic."""
    x = mean_q + math.sqrt(variance_q) * NODES
    log_q = stats.norm.logpdf(x, mean_q, math.sqrt(variance_q))
    return WEIGHTS @ (log_q - stats.norm.logpdf(x, mean_p, math.sqrt(variance_p)))


@pytest.mark.parametrize(("gap", "vq", "vp"), [(0.0, 1.0, 1.0), (0.7, 0.2, 0.2), (-1.5, 0.3, 2.0), (2.0, 5.0, 0.4)])
def test_divergence_of_normals(gap, vq, vp):
    ours = kl_normal(np.array([[gap]]), vq, vp).nats[0]
    assert ours == pytest.approx(kl_by_quadrature(0.3, vq, 0.3 + gap, vp), rel=1e-12, abs=1e-13)


@every
@pytest.mark.parametrize(("i", "j"), [(1, 2), (400, 401), (100, 900), (998, 999)])
def test_each_step_is_half_the_drop_in_snr(schedule, i, j):
    """L = (SNR_s - SNR_t) |x_0 - x0_hat|^2 / 2, in rational arithmetic on the levels' own numbers."""
    s, t = schedule.at(i), schedule.at(j)
    drop = (Fraction(s.alpha) / Fraction(s.sigma)) ** 2 - (Fraction(t.alpha) / Fraction(t.sigma)) ** 2
    x_0, x0_hat = np.array([[0.3, -0.8, 1.0], [0.0, 0.5, 0.25]]), np.array([[0.1, -0.9, 0.4], [0.0, 0.5, -0.25]])
    exact = float(drop) * ((x_0 - x0_hat) ** 2).sum(axis=1) / 2
    np.testing.assert_allclose(step_kl(x_0, x0_hat, s, t).nats, exact, rtol=1e-12)


@every
@pytest.mark.parametrize(("i", "j"), [(1, 2), (400, 401), (100, 900), (998, 999)])
def test_each_step_with_the_larger_variance(schedule, i, j):
    s, t = schedule.at(i), schedule.at(j)
    back = posterior(s, t)
    x_0, x0_hat, x_t = np.array([[0.3, -0.8]]), np.array([[0.1, -0.9]]), np.array([[0.5, -0.1]])
    q, p = back.mean(x_0, x_t)[0], back.mean(x0_hat, x_t)[0]
    exact = sum(kl_by_quadrature(a, back.variance, b, back.upper) for a, b in zip(q, p, strict=True))
    ours = step_kl(x_0, x0_hat, s, t, variance=back.upper)
    assert ours.nats[0] == pytest.approx(exact, rel=1e-11, abs=1e-12)
    assert ours.nats[0] >= 0.0


def test_units():
    amount = Information(np.array([2.0 * math.log(2.0)]), 4)
    assert amount.bits[0] == pytest.approx(2.0, rel=1e-15)
    assert amount.bits_per_dim[0] == pytest.approx(0.5, rel=1e-15)
    assert amount.nats_per_dim[0] == pytest.approx(math.log(2.0) / 2, rel=1e-15)
    assert step_kl(np.zeros((3, 2, 4)), np.ones((3, 2, 4)), Linear().at(4), Linear().at(5)).dims == 8


@pytest.mark.parametrize(
    ("schedule", "std"), [(Linear(), 1.0), (ScaledLinear(), 1.0), (EDM(), 80.0), (Rectified(), 1.0)]
)
def test_the_prior_term(schedule, std):
    last = schedule.at(schedule.T)
    x_0 = np.array([[0.9, -0.4, 0.0]])
    exact = sum(kl_by_quadrature(last.alpha * v, last.sigma**2, 0.0, std**2) for v in x_0[0])
    assert prior_kl(x_0, last, prior_std=std).nats[0] == pytest.approx(exact, rel=1e-9, abs=1e-13)


def test_the_prior_term_of_ddpm():
    """To first order L_T = alpha_bar_T |x_0|^2 / 2: 2.9e-5 bits a dimension where every |x| is 1."""
    alpha_bar = float(np.prod(1.0 - Linear().beta_table()))
    ours = prior_kl(np.ones((1, 3072)), Linear().at(1000))
    assert ours.bits_per_dim[0] == pytest.approx(alpha_bar / 2 / math.log(2.0), rel=1e-4)
    assert prior_kl(np.ones((1, 3)), Rectified().at(1000)).nats[0] == 0.0


def test_the_last_step_has_no_posterior():
    with pytest.raises(LevelError, match="reconstruction"):
        step_kl(np.ones((1, 2)), np.ones((1, 2)), CLEAN, Linear().at(1))


def test_density_reconstruction_is_a_normal():
    t, x_0, x0_hat = Linear().at(1), np.array([[0.2, -0.5]]), np.array([[0.21, -0.49]])
    exact = -stats.norm.logpdf(x_0, x0_hat, t.sigma / t.alpha).sum()
    assert density_reconstruction(x_0, x0_hat, t).nats[0] == pytest.approx(exact, rel=1e-13)


def test_reconstruction_is_the_mass_of_a_bin():
    t = Linear().at(1)
    spread = t.sigma / t.alpha
    values = np.linspace(-1.0, 1.0, 256)
    for guess in (-1.0, -0.3, 0.999, 1.05):
        edges = np.concatenate([[-np.inf], (values[1:] + values[:-1]) / 2, [np.inf]])
        mass = np.where(  # far above the guess only the upper tail has digits
            edges[:-1] > guess,
            stats.norm.sf(edges[:-1], guess, spread) - stats.norm.sf(edges[1:], guess, spread),
            stats.norm.cdf(edges[1:], guess, spread) - stats.norm.cdf(edges[:-1], guess, spread),
        )
        ours = reconstruction(values[:, None], np.full((256, 1), guess), t).nats
        seen = mass > 1e-290
        np.testing.assert_allclose(ours[seen], -np.log(mass[seen]), rtol=1e-9, atol=1e-12)
        assert np.exp(-ours).sum() == pytest.approx(1.0, abs=1e-12), "the bins share all the mass"
        assert np.isfinite(ours).all()


def expected_bound(schedule, n, x_0, std):
    """The bound in nats for the exact denoiser of N(0, std^2), each term an exact expectation over q(x_t | x_0)."""
    oracle, x_0 = Gaussian(np.zeros(1), np.full(1, std)), np.array([[x_0]])
    levels = uniform_lambda(schedule, n)
    total = prior_kl(x_0, levels[0]).nats[0]
    x_0 = np.broadcast_to(x_0, (len(NODES), 1))
    for t, s in pairwise(levels):
        x_t = jump(x_0, NODES[:, None], t)
        term = density_reconstruction if s is CLEAN else lambda a, b, t, s=s: step_kl(a, b, s, t)
        total += WEIGHTS @ term(x_0, oracle(x_t, t).x0_hat, t).nats
    return total


@pytest.mark.parametrize("x_0", [0.0, 0.4, -1.5])
def test_the_bound_closes_on_the_likelihood(x_0):
    """For the exact denoiser the gap to -log p(x_0) is positive and falls as 1/n, to 0: nothing is lost for good."""
    exact = -stats.norm.logpdf(x_0, 0.0, 0.5)
    gaps = [expected_bound(Linear(), n, x_0, 0.5) - exact for n in (50, 100, 200, 400)]
    assert min(gaps) > 0.0
    assert abs(2 * gaps[-1] - gaps[-2]) < gaps[-1] / 20, "extrapolated to no step at all"
    for wide, narrow in pairwise(gaps):
        assert 1.9 < wide / narrow < 2.3
