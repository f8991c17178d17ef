"""Consistency functions on oracles: the boundary, self-consistency along exact trajectories, and exact sampling."""

import math

import numpy as np
import pytest
import torch
from ground import Gaussian as Line
from ground import run
from known import ORACLES, batch
from scipy.special import erf

from sfumato.errors import ScheduleError
from sfumato.process.consistency import consistent, refuse_unfit
from sfumato.process.density import LogNormal
from sfumato.process.discretisation import Growth, by_density, cut, evenly, gathered, nearest, target_decay
from sfumato.process.distance import apart, pseudo_huber, squared
from sfumato.process.grid import uniform
from sfumato.process.parameterisation import X0, Edm, Eps, Flow, V
from sfumato.process.prediction import Prediction
from sfumato.process.schedule import CLEAN
from sfumato.process.schedules import EDM, VE, Cosine, Linear, Rectified
from sfumato.samplers import DDIM, Consistency

FITTING = [
    (schedule, parameterisation)
    for schedule in (Linear(), Cosine(), Rectified(), VE(), EDM())
    for parameterisation in (Eps(), X0(), V(), Edm(), Flow())
    if isinstance(schedule, Rectified) or not isinstance(parameterisation, Flow)
]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("schedule", "parameterisation"), FITTING, ids=str)
def test_the_boundary_holds_to_the_last_bit(schedule, parameterisation, dtype):
    """f(x, t_e) = x whatever the network says, at t = 0 and at a t_min above it."""
    x, output = (torch.from_numpy(np.random.default_rng(k).standard_normal((4, 3, 2))).to(dtype) for k in (0, 1))
    for end in (CLEAN, schedule.at(1), schedule(0.03)):
        if end is CLEAN and isinstance(parameterisation, X0):
            continue
        f = consistent(parameterisation.read(output, x, end), end)
        assert torch.equal(f, x)
        far = parameterisation.read(output, x, schedule(0.7))
        torch.testing.assert_close(consistent(far, end), far.toward(end), rtol=1e-4, atol=1e-4)
        assert not torch.equal(consistent(far, end), x)


def test_the_scalings_of_each_reading():
    """Straight for flow, a rotation for v, and for F the paper's c_out to the digit and its c_skip to O(sigma_e)."""
    x, out = np.random.default_rng(0).standard_normal((2, 5, 3))
    end, here = Rectified()(0.01), Rectified()(0.6)
    np.testing.assert_allclose(consistent(Flow().read(out, x, here), end), x - 0.59 * out, rtol=1e-12, atol=1e-12)
    end, here = Linear()(0.05), Linear()(0.6)
    turn = math.asin(here.sigma) - math.asin(end.sigma)
    rotated = math.cos(turn) * x - math.sin(turn) * out
    np.testing.assert_allclose(consistent(V().read(out, x, here), end), rotated, rtol=1e-9, atol=1e-9)
    for sigma in (0.002, 0.5, 10.0, 80.0):
        schedule, d = EDM(), 0.5
        end, here = schedule.at(1), schedule(schedule.t_of_lam(-math.log(sigma)))
        c_out = d * (sigma - 0.002) / math.hypot(sigma, d)
        zero = consistent(Edm().read(0.0 * out, x, here), end)
        np.testing.assert_allclose(consistent(Edm().read(out, x, here), end) - zero, c_out * out, atol=1e-9)
        np.testing.assert_allclose(zero / x, d**2 / ((sigma - 0.002) ** 2 + d**2), rtol=0, atol=0.002)


def to_end(oracle, x, here, end) -> Prediction:
    """The belief of the true consistency function: the one that goes straight to the end of the trajectory."""
    goal = oracle.flow(x, here, end)
    turned = here.alpha * end.sigma - here.sigma * end.alpha
    x0_hat = (end.sigma * x - here.sigma * goal) / turned
    return Prediction(x, here, x0_hat, (here.alpha * goal - end.alpha * x) / turned)


@pytest.mark.parametrize("kind", [Linear(), Rectified(), EDM()], ids=str)
@pytest.mark.parametrize("name", ["gaussian", "gaussian-full", "mixture"])
def test_one_trajectory_has_one_end(name, kind):
    """f(x_t, t) = f(x_s, s) = x_e wherever the exact flow is looked at; the plain denoiser's is not."""
    oracle, end = ORACLES[name], kind(0.02)
    levels = [kind(t) for t in (0.95, 0.6, 0.3, 0.1)]
    x = batch(levels[0])
    goal = oracle.flow(x, levels[0], end)
    plain = []
    for level in levels:
        x_t = oracle.flow(x, levels[0], level)
        np.testing.assert_allclose(consistent(to_end(oracle, x_t, level, end), end), goal, rtol=0, atol=1e-9)
        plain.append(float(np.abs(consistent(oracle(x_t, level), end) - goal).max()))
    assert plain[0] > max(0.1, 2.0 * plain[-1])


def exact(data):
    """Denoise by the true consistency function to t = 0 of a Gaussian on the line."""

    def denoise(x, level):
        z = (x - level.alpha * data.mean) / data.variance(level) ** 0.5
        return Prediction(x, level, data.mean + data.deviation * z, x)

    return denoise


def variance_after(denoise_for, visited, deviation=0.7):
    """Mean and variance of multistep sampling from the true distribution at visited[0], by carrying coefficients."""
    mean = np.zeros((1, 2 + len(visited)))
    mean[0, 0] = 0.5
    data = Line(mean, deviation)
    x = visited[0].alpha * mean
    x[0, 1] = data.variance(visited[0]) ** 0.5

    def noise(step, draw, like):
        basis = np.zeros_like(like)
        basis[0, 2 + step] = 1.0
        return basis

    x = run(Consistency(), denoise_for(data), x, visited, noise)
    return float(x[0, 0]), float(np.square(x[0, 1:]).sum())


@pytest.mark.parametrize("schedule", [Linear(), Rectified(), VE()], ids=str)
@pytest.mark.parametrize("n", [1, 2, 4, 7])
def test_multistep_sampling_is_exact_in_distribution(schedule, n):
    mean, variance = variance_after(exact, uniform(schedule, n))
    assert (mean, variance) == pytest.approx((0.5, 0.49), rel=1e-12)


@pytest.mark.parametrize("n", [1, 4, 64])
def test_a_plain_denoiser_loses_variance_there(n):
    """And no number of steps gives it back, as it does in DDIM: the sampler's order is none."""
    _, variance = variance_after(lambda data: data, uniform(Rectified(), n))
    assert variance < 0.48
    assert Consistency().order == 0 < DDIM().order


def test_the_paper_s_discretisation():
    """sigma_i = (e^(1/7) + (i - 1)/(N - 1) (80^(1/7) - e^(1/7)))^7 (Song et al. 2023, section 2)."""
    n = 18
    levels = cut(EDM(), "karras", n - 1, 1 / 1000)
    low, high = 0.002 ** (1 / 7), 80.0 ** (1 / 7)
    wanted = [(low + i / (n - 1) * (high - low)) ** 7 for i in reversed(range(n))]
    np.testing.assert_allclose([level.sigma for level in levels], wanted, rtol=1e-9)
    assert [level.t for level in cut(Rectified(), "uniform", 4, 0.01)] == [1.0, 0.75, 0.5, 0.25, 0.01]
    with pytest.raises(ScheduleError, match=r"below the other levels of 'uniform'"):
        cut(Rectified(), "uniform", 4, 0.3)


def test_the_improved_levels_are_log_normal():
    """p(i) ~ erf((log s_(i+1) - m) / (sqrt 2 d)) - erf((log s_i - m) / (sqrt 2 d)), m = -1.1, d = 2.0."""
    schedule = EDM()
    levels = cut(schedule, "karras", 10, 1 / 1000)
    u = (np.arange(200_000) + 0.5) / 200_000
    found = np.bincount(by_density(u, levels, LogNormal(-1.1, 2.0), schedule), minlength=10) / len(u)
    cdf = 0.5 * (1 + erf((np.log([level.sigma for level in levels]) + 1.1) / (math.sqrt(2) * 2.0)))
    wanted = cdf[:-1] - cdf[1:]
    wanted[0] += 1 - cdf[0]
    wanted[-1] += cdf[-1]
    np.testing.assert_allclose(found, wanted, atol=1e-4)
    assert np.bincount(evenly(u, 10)).tolist() == [20_000] * 10
    assert nearest(np.array([1.0, 0.52, 0.0]), cut(Rectified(), "uniform", 4)).tolist() == [0, 2, 3]
    assert gathered(levels, np.array([0, 10])).sigma.tolist() == pytest.approx([80.0, 0.002])


def test_the_discretisation_grows_as_published():
    """The improved one: 10, 20, ..., 1280 in eight equal parts (N counts one more); the first: from 2 to 150."""
    growth = Growth(first=10, last=1280)
    assert [growth.doubling(k / 16) for k in range(17)] == [10 * 2 ** (k // 2) for k in range(16)] + [1280]
    first = Growth(first=2, last=150)
    assert [first.rising(p) for p in (0.0, 0.25, 1.0)] == [2, math.ceil(math.sqrt(0.25 * (151**2 - 4) + 4) - 1), 150]
    assert target_decay(first, 2) == pytest.approx(0.9 ** (2 / 3))
    assert target_decay(first, 150) == pytest.approx(0.9 ** (2 / 151))
    with pytest.raises(ScheduleError, match="1 <= first <= last"):
        Growth(first=4, last=2)


def test_distances():
    x = np.array([[3.0, 4.0], [0.0, 0.0]])
    assert squared(x).tolist() == [12.5, 0.0]
    c = 0.1 * math.sqrt(2)
    assert pseudo_huber(x, 0.1).tolist() == pytest.approx([math.sqrt(25 + c * c) - c, 0.0])
    assert apart(EDM().at(1000), EDM().at(1)) == pytest.approx(80.0 - 0.002)
    assert apart(Rectified()(0.7), Rectified()(0.2)) == pytest.approx(0.5 * math.sqrt(2))


@pytest.mark.parametrize(
    ("schedule", "parameterisation", "message"),
    [
        (Rectified(), X0(), "x0 parameterisation has no boundary at sigma = 0.*take a model that predicts v, flow"),
        (Rectified(), Eps(), "eps parameterisation says nothing.*at alpha = 0.*take a model that predicts v, flow"),
        (Linear(), Flow(), "it fits the rectified schedule; v and edm fit any"),
    ],
)
def test_what_does_not_fit_says_what_does(schedule, parameterisation, message):
    with pytest.raises(ScheduleError, match=message):
        refuse_unfit(parameterisation, uniform(schedule, 8))
    for fits in (V(), Edm()):
        refuse_unfit(fits, uniform(schedule, 8))
