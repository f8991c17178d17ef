"""Every sampler with noise has the moments that its order promises, from exact recursion on the Gaussian oracle."""

import math
from dataclasses import dataclass
from itertools import pairwise

import pytest
from ground import Gaussian, even, moments, weak_order

from sfumato.process.schedule import CLEAN
from sfumato.process.schedules import schedule_from
from sfumato.samplers import DDIM, DDPM, DPMPP2MSDE, EulerAncestral, Langevin
from sfumato.samplers.base import Step

SCHEDULES = ["linear", "cosine", "rectified", "ve"]
REVERSED = [DDPM(), DDPM(variance="beta"), DDIM(eta=1.0), EulerAncestral(), DPMPP2MSDE()]
"""Those that reverse the forward process itself."""


@pytest.mark.parametrize("kind", SCHEDULES)
@pytest.mark.parametrize("sampler", REVERSED, ids=str)
def test_weak_order(sampler, kind):
    """x0_hat is a martingale under the reverse process, so that these have mean and memory exactly right at every n."""
    found = weak_order(lambda n: sampler, schedule_from({"kind": kind}))
    assert found.mean_error < 1e-12
    assert found.memory_error < 1e-12
    assert found.variance == pytest.approx(sampler.order, abs=0.15)


@pytest.mark.parametrize("kind", SCHEDULES)
@pytest.mark.parametrize("eta", [0.25, 0.5, 0.9])
def test_weak_order_between_flow_and_diffusion(eta, kind):
    found = weak_order(lambda n: DDIM(eta=eta), schedule_from({"kind": kind}), eta)
    assert found.mean_error < 1e-12
    assert found.variance == pytest.approx(1.0, abs=0.15)
    assert found.memory == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize("kind", SCHEDULES)
@pytest.mark.parametrize("corrections", [0, 1, 2])
def test_weak_order_of_langevin(corrections, kind):
    """With snr^2 falling as 1 / n, as its docstring says."""
    schedule = schedule_from({"kind": kind})
    found = weak_order(lambda n: Langevin(snr=2.0 / math.sqrt(n), corrections=corrections), schedule)
    assert found.mean_error < 1e-12
    assert found.variance == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize("snr", [0.1, 0.2])
def test_bias_of_langevin_at_a_fixed_snr(snr):
    """x + e g + sqrt(2 e) z settles at V = (1 - e / v)^2 V + 2 e with e = 2 snr^2 v^2 / V: about v (1 + snr^2)."""
    data, schedule = Gaussian(0.5, 0.7), schedule_from({"kind": "ve"})
    visited = even(schedule, 640)
    _, variance, _ = moments(Langevin(snr=snr, corrections=3), data, visited)
    assert variance / data.variance(visited[-1]) - 1 == pytest.approx(snr**2, rel=0.15)


@dataclass(frozen=True)
class WithoutNoise:
    """DDPM that forgets its noise."""

    order: int = 1

    def __call__(self, denoise, x, levels, noise):
        for i, pair in enumerate(pairwise(levels)):
            (step,) = DDPM()(denoise, x, pair, lambda step, draw, like: 0.0 * like)
            x = step.x_next
            yield Step(i, *pair, step.prediction, x)


@dataclass(frozen=True)
class Claims:
    """DDPM that says it is of order 2."""

    order: int = 2

    def __call__(self, denoise, x, levels, noise):
        return DDPM()(denoise, x, levels, noise)


@pytest.mark.parametrize("kind", ["linear", "rectified"])
@pytest.mark.parametrize("sampler", [WithoutNoise(), Claims()], ids=str)
def test_a_lower_order_is_not_proved(sampler, kind):
    found = weak_order(lambda n: sampler, schedule_from({"kind": kind}))
    assert abs(found.variance - sampler.order) > 0.15


@pytest.mark.parametrize("kind", ["linear", "cosine"])
def test_beta_is_exact_for_standard_normal_data(kind):
    """Where x_t is N(0, I) at every level, the larger variance leaves it so (Ho et al. 2020, section 3.2)."""
    visited = (*even(schedule_from({"kind": kind}), 7), CLEAN)
    for end in range(2, 9):
        _, variance, _ = moments(DDPM(variance="beta"), Gaussian(0.0, 1.0), visited[:end])
        assert variance == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("kind", SCHEDULES)
@pytest.mark.parametrize("sampler", [DDPM(), DDIM(eta=0.3), DDIM(eta=1.0), EulerAncestral(), DPMPP2MSDE()], ids=str)
def test_exact_for_a_single_picture(sampler, kind):
    """Where x_0 is known, every step lands on q(x_s | x_0), however long it is."""
    visited = (*even(schedule_from({"kind": kind}), 5), CLEAN)
    for end in range(2, 8):
        mean, variance, _ = moments(sampler, Gaussian(0.8, 0.0), visited[:end])
        assert mean == pytest.approx(0.8 * visited[end - 1].alpha, abs=1e-12)
        assert variance == pytest.approx(visited[end - 1].sigma ** 2, rel=1e-12, abs=1e-14)
