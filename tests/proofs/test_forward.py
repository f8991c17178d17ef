"""Jump = walk, and Bayes' rule: the forward process against exact rational arithmetic and against itself."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch

from sfumato.errors import LevelError, ScheduleError
from sfumato.process.forward import jump, posterior, snr, step, terminal_snr, transition
from sfumato.process.schedule import CLEAN, Level
from sfumato.process.schedules import EDM, VE, Cosine, Linear, Rectified, ScaledLinear, Sigmoid, Tabulated

SCHEDULES = [Linear(), ScaledLinear(), Cosine(), Sigmoid(), Rectified(), EDM(), VE(), Tabulated((0.1, 0.7, 0.01))]
every = pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda s: s.kind)
TIGHT = 1e-12


def pairs(schedule):
    """Neighbours, wide strides, down to clean and up to the last step."""
    T = schedule.T
    steps = {(1, 2), (T // 2, T // 2 + 1), (T - 2, T - 1), (1, T), (T // 3, T - 1), (0, 1), (0, T // 2 + 1), (T - 1, T)}
    return [(schedule.at(s), schedule.at(t)) for s, t in sorted(steps) if s < t]


@every
def test_the_walk_arrives_where_the_jump_does(schedule):
    """Mean and variance of x_i given x_0, carried from step to step, are alpha_i and sigma_i^2 at every i."""
    mean, variance = 1.0, 0.0
    for i in range(1, schedule.T + 1):
        move = step(schedule, i)
        mean, variance = move.scale * mean, move.scale**2 * variance + move.variance
        level = schedule.at(i)
        assert mean == pytest.approx(level.alpha, rel=TIGHT)
        assert variance == pytest.approx(level.sigma**2, rel=TIGHT)


@pytest.mark.parametrize("schedule", [Linear(), ScaledLinear(), Cosine()], ids=lambda s: s.kind)
def test_steps_are_the_betas(schedule):
    for i, beta in enumerate(schedule.beta_table(), start=1):
        move = step(schedule, i)
        assert move.variance == pytest.approx(beta, rel=1e-9)
        assert move.scale**2 == pytest.approx(1.0 - beta, rel=TIGHT)


@every
def test_transitions_compose(schedule):
    """Any two strides make the stride across both."""
    a, b, c = (schedule.at(max(1, round(schedule.T * share))) for share in (0.3, 0.6, 0.95))
    first, second, whole = transition(a, b), transition(b, c), transition(a, c)
    assert second.scale * first.scale == pytest.approx(whole.scale, rel=TIGHT)
    assert second.scale**2 * first.variance + second.variance == pytest.approx(whole.variance, rel=TIGHT)


@every
def test_the_posterior_is_bayes_rule(schedule):
    """q(x_s|x_t, x_0) ~ q(x_t|x_s) q(x_s|x_0): precisions add, in rational arithmetic on the levels' own numbers."""
    for s, t in pairs(schedule):
        if s is CLEAN or t.alpha == 0.0:
            continue
        alpha_s, sigma_s, alpha_t, sigma_t = (Fraction(v) for v in (s.alpha, s.sigma, t.alpha, t.sigma))
        scale = alpha_t / alpha_s
        forward = sigma_t**2 - scale**2 * sigma_s**2
        precision = 1 / sigma_s**2 + scale**2 / forward
        ours = posterior(s, t)
        assert ours.variance == pytest.approx(float(1 / precision), rel=TIGHT)
        assert ours.upper == pytest.approx(float(forward), rel=TIGHT)
        assert ours.c_0 == pytest.approx(float(alpha_s / sigma_s**2 / precision), rel=TIGHT)
        assert ours.c_t == pytest.approx(float(scale / forward / precision), rel=TIGHT)


@every
def test_the_posterior_chain_leads_back(schedule):
    """x_t of q(x_t|x_0), then x_s of q(x_s|x_t, x_0), is an x_s of q(x_s|x_0), from the last step to clean."""
    for s, t in pairs(schedule):
        back = posterior(s, t)
        assert back.c_0 + back.c_t * t.alpha == pytest.approx(s.alpha, rel=TIGHT)
        assert back.c_t**2 * t.sigma**2 + back.variance == pytest.approx(s.sigma**2, rel=TIGHT, abs=1e-300)
    variance, mean = schedule.at(schedule.T).sigma ** 2, schedule.at(schedule.T).alpha
    for i in range(schedule.T, 0, -1):
        back = posterior(schedule.at(i - 1), schedule.at(i))
        mean, variance = back.c_0 + back.c_t * mean, back.c_t**2 * variance + back.variance
        level = schedule.at(i - 1)
        assert mean == pytest.approx(level.alpha, rel=TIGHT)
        assert variance == pytest.approx(level.sigma**2, rel=TIGHT, abs=1e-300)


def test_ho_et_al_equations_6_and_7():
    schedule, betas = Linear(), Linear().beta_table()
    for i in (2, 37, 500, 1000):
        beta, before, now = betas[i - 1], np.prod(1 - betas[: i - 1]), np.prod(1 - betas[:i])
        back = posterior(schedule.at(i - 1), schedule.at(i))
        assert back.c_0 == pytest.approx(math.sqrt(before) * beta / (1 - now), rel=1e-9)
        assert back.c_t == pytest.approx(math.sqrt(1 - beta) * (1 - before) / (1 - now), rel=1e-9)
        assert back.variance == pytest.approx((1 - before) / (1 - now) * beta, rel=1e-9)
        assert back.upper == pytest.approx(beta, rel=1e-9)


def test_from_the_last_step_to_clean():
    """One step from pure noise to the data: the posterior is the data itself."""
    back = posterior(CLEAN, Rectified().at(1000))
    assert (back.c_0, back.c_t, back.variance, back.upper) == (1.0, 0.0, 0.0, 1.0)


def test_signs():
    level = Linear().at(400)
    assert jump(2.0 * np.ones(1), -3.0 * np.ones(1), level) == 2.0 * level.alpha - 3.0 * level.sigma
    move = transition(Linear().at(10), level)
    moved = move(2.0 * np.ones(1), -3.0 * np.ones(1))
    assert moved == pytest.approx(2.0 * move.scale - 3.0 * math.sqrt(move.variance), rel=1e-15)


def test_samples_have_the_moments():
    rng = np.random.default_rng(0)
    s, t = Linear().at(200), Linear().at(650)
    x_0, n = np.full(400_000, 0.8), 400_000
    x_s = jump(x_0, rng.standard_normal(n), s)
    x_t = transition(s, t)(x_s, rng.standard_normal(n))
    assert x_t.mean() == pytest.approx(0.8 * t.alpha, abs=5 * t.sigma / n**0.5)
    assert x_t.var() == pytest.approx(t.sigma**2, rel=5 * (2 / n) ** 0.5)
    residual = x_s - posterior(s, t).mean(x_0, x_t)
    assert residual.var() == pytest.approx(posterior(s, t).variance, rel=5 * (2 / n) ** 0.5)
    assert abs(np.corrcoef(residual, x_t)[0, 1]) < 5 / n**0.5


def test_arrays_and_tensors_do_as_floats_do():
    schedule = Linear()
    s, t = schedule.at(np.array([1, 500])), schedule.at(np.array([2, 900]))
    many = posterior(s, t)
    x = torch.zeros(2, 3, dtype=torch.float64)
    tensors = posterior(s.against(x), t.against(x))
    for k, (i, j) in enumerate(((1, 2), (500, 900))):
        one = posterior(schedule.at(i), schedule.at(j))
        for name in ("c_0", "c_t", "variance", "upper"):
            assert getattr(many, name)[k] == getattr(one, name)
            assert getattr(tensors, name)[k, 0] == pytest.approx(getattr(one, name), rel=1e-13)


def test_the_wrong_way_round():
    for act in (transition, posterior):
        with pytest.raises(ScheduleError, match="cleaner one first"):
            act(Linear().at(10), Linear().at(9))
    with pytest.raises(ScheduleError, match="cleaner one first"):
        transition(Linear().at(np.array([3, 10])), Linear().at(np.array([4, 9])))


def test_singular_ends():
    noise = Rectified().at(1000)
    with pytest.raises(LevelError, match="alpha = 0"):
        transition(noise, Level(1.0, 0.0, 1.0))
    with pytest.raises(LevelError, match="sigma = 0"):
        posterior(CLEAN, CLEAN)
    with pytest.raises(LevelError, match="infinite"):
        snr(CLEAN)
    assert terminal_snr(Rectified()) == 0.0
