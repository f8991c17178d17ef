"""Schedules against their papers' formulas in exact or 50-digit arithmetic, and against their own inverses."""

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sfumato.process.forward import terminal_snr
from sfumato.process.schedules import EDM, VE, Cosine, Linear, Rectified, ScaledLinear, Sigmoid, Tabulated

TABLES = [Linear(), ScaledLinear(), Cosine(), Tabulated((0.01, 0.5, 0.02, 0.3))]
CURVES = [Sigmoid(), Sigmoid(start=0.0, end=3.0, tau=0.7), Rectified(), EDM(), VE()]
every = pytest.mark.parametrize("schedule", TABLES + CURVES, ids=repr)


def decimal_alpha_bar(betas):
    """Products of 1 - beta in 50 digits."""
    with localcontext(prec=50):
        product, table = Decimal(1), []
        for beta in betas:
            product *= 1 - Decimal(float(beta))
            table.append(product)
        return table


@pytest.mark.parametrize("schedule", TABLES, ids=lambda s: s.kind)
def test_tables_are_products(schedule):
    for i, alpha_bar in enumerate(decimal_alpha_bar(schedule.beta_table()), start=1):
        level = schedule.at(i)
        assert level.alpha_bar == pytest.approx(float(alpha_bar), rel=1e-12)
        assert level.sigma**2 == pytest.approx(float(1 - alpha_bar), rel=1e-12)


def test_betas_are_the_papers():
    i = np.arange(1000)
    np.testing.assert_allclose(Linear().beta_table(), 1e-4 + i / 999 * (0.02 - 1e-4), rtol=1e-12)
    root = math.sqrt(0.00085) + i / 999 * (math.sqrt(0.012) - math.sqrt(0.00085))
    np.testing.assert_allclose(ScaledLinear().beta_table(), root**2, rtol=1e-12)


def test_cosine_is_nichol_and_dhariwals():
    f = np.cos((np.arange(1001) / 1000 + 0.008) / 1.008 * math.pi / 2) ** 2
    np.testing.assert_allclose(Cosine().beta_table(), np.minimum(1 - f[1:] / f[:-1], 0.999), rtol=1e-11)
    unclipped = 1 - f[1:] / f[:-1] < 0.999
    assert unclipped.sum() == 999, "the clip bites at the last step alone"
    alpha_bar = Cosine().at(np.arange(1, 1000)).alpha_bar
    np.testing.assert_allclose(alpha_bar, f[1:-1] / f[0], rtol=1e-10)


def test_tables_run_straight_in_log_alpha():
    schedule = Linear()
    for t in (0.0004, 0.5004, 0.9996):
        below, above = schedule.at(math.floor(t * 1000)), schedule.at(math.ceil(t * 1000))
        share = t * 1000 - math.floor(t * 1000)
        between = (1 - share) * math.log(below.alpha) + share * math.log(above.alpha)
        assert math.log(schedule(t).alpha) == pytest.approx(between, rel=1e-11)


def test_variance_preserving():
    t = np.linspace(0.0, 1.0, 4001)
    for schedule in (*TABLES, *CURVES[:2]):
        level = schedule(t)
        np.testing.assert_allclose(level.alpha_bar + level.sigma**2, 1.0, rtol=1e-14)


def test_sigmoid_is_the_papers():
    def logistic(z):
        return 1 / (1 + np.exp(-z))

    t = np.linspace(0.0, 1.0, 101)
    for start, end, tau in ((-3.0, 3.0, 1.0), (0.0, 3.0, 0.7), (-3.0, 3.0, 1.1)):
        low, high = logistic(start / tau), logistic(end / tau)
        alpha_bar = (high - logistic((t * (end - start) + start) / tau)) / (high - low)
        level = Sigmoid(start=start, end=end, tau=tau)(t)
        np.testing.assert_allclose(level.alpha_bar, alpha_bar, rtol=1e-12, atol=1e-14)


def test_rectified_is_a_straight_line():
    level = Rectified()(0.3)
    assert (level.alpha, level.sigma) == (0.7, 0.3)


def test_exploding_ramps_are_the_papers():
    steps = np.arange(1, 1001)
    ramp = np.linspace(0.0, 1.0, 1000)
    karras = (80 ** (1 / 7) + ramp[::-1] * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7
    np.testing.assert_allclose(EDM().at(steps).sigma, karras, rtol=1e-12)
    np.testing.assert_allclose(VE().at(steps).sigma, 0.01 * (50 / 0.01) ** ramp, rtol=1e-12)
    assert set(EDM().at(steps).alpha.tolist()) == {1.0}
    assert EDM()(0.0005).sigma == pytest.approx(0.001, rel=1e-12), "a straight line over the first step"


@every
def test_noise_grows_strictly(schedule):
    for level in (schedule(np.linspace(0.0, 1.0, 3001)), schedule.at(np.arange(schedule.T + 1))):
        assert (np.diff(np.arctan2(level.sigma, level.alpha)) > 0).all()


@every
@given(t=st.floats(1e-9, 1.0))
@example(1e-9)
@example(0.001)
@example(1.0)
@settings(max_examples=60)
def test_lam_round_trip(schedule, t):
    lam = schedule(t).lam
    assert abs(schedule.t_of_lam(lam) - t) <= 1e-12
    if t < 0.9999:  # past it 1 - t has too few digits left to hold lam
        assert schedule(schedule.t_of_lam(lam)).lam == pytest.approx(lam, rel=1e-10, abs=1e-10)


def test_what_is_left_at_the_last_step():
    """DDPM's ends at alpha_bar 4.04e-5, Stable Diffusion's at 4.66e-3 (Lin et al. 2024): derived, not quoted."""
    for schedule, quoted in ((Linear(), 4.04e-5), (ScaledLinear(), 4.66e-3)):
        alpha_bar = decimal_alpha_bar(schedule.beta_table())[-1]
        assert float(alpha_bar) == pytest.approx(quoted, rel=2e-3)
        assert terminal_snr(schedule) == pytest.approx(float(alpha_bar / (1 - alpha_bar)), rel=1e-12)
    assert terminal_snr(Rectified()) == terminal_snr(Sigmoid()) == 0.0
    assert terminal_snr(EDM()) == pytest.approx(80.0**-2, rel=1e-12)
    f = [math.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2 for t in (0.0, 0.999)]
    assert terminal_snr(Cosine()) == pytest.approx(0.001 * f[1] / f[0], rel=1e-7)
