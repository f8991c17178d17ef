"""The variational bound against the probability of a bin under a normal."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from sfumato import rng
from sfumato.errors import ScheduleError
from sfumato.evaluate.variational import variational
from sfumato.process.bound import reconstruction
from sfumato.process.grid import uniform_lambda
from sfumato.process.oracle import Gaussian
from sfumato.process.parameterisation import V
from sfumato.process.schedule import CLEAN
from sfumato.process.schedules import EDM, Cosine, Linear

STD, DRAWS = 0.3, 400
ORACLE = Gaussian(np.zeros(1), np.full(1, STD))


def noise(step, draw, like):
    return rng.normal(draw, like.shape, stream=rng.SAMPLER, step=step)


def gap(schedule, n, value):
    """Mean of the estimates less -log P of the bin, in nats, and the mean's standard error."""
    x_0 = np.full((DRAWS, 1), value)
    found = variational(ORACLE, x_0, uniform_lambda(schedule, n), noise)
    edges = stats.norm.cdf(np.array([value - 1 / 255, value + 1 / 255]) / STD)
    assert found.dims == 1
    return found.nats.mean() + math.log(edges[1] - edges[0]), found.nats.std() / DRAWS**0.5


@pytest.mark.parametrize("schedule", [Linear(), Cosine(), EDM()], ids=lambda s: s.kind)
@pytest.mark.parametrize("value", [-1.0 + 2 * 100 / 255, -1.0 + 2 * 190 / 255])
def test_it_is_above_and_closes(schedule, value):
    """What does not close is the last step: its noise, 0.006 to 0.01, is as wide as a bin."""
    wide, _ = gap(schedule, 20, value)
    narrow, error = gap(schedule, 160, value)
    assert -4 * error < narrow < wide
    assert narrow < 0.75


def test_a_single_step_pays_for_the_start_and_the_end():
    """KL(N(alpha x_0, sigma^2) || N(0, r^2)) with r^2 = 1 in closed form, and the bin's mass seen from x0_hat."""
    x_0, level = np.array([[0.6, -0.2]]), Cosine().at(500)
    found = variational(ORACLE, x_0, (level, CLEAN), noise).nats
    start = 0.5 * (level.sigma**2 + level.alpha**2 * x_0**2 - 1.0 - math.log(level.sigma**2)).sum()
    x0_hat = ORACLE(level.alpha * x_0 + level.sigma * noise(0, 0, x_0), level).x0_hat
    end = reconstruction(x_0, x0_hat, level).nats
    assert start > 0.1
    assert found == pytest.approx(start + end, rel=1e-12)


def test_torch_and_numpy_agree():
    def denoise(x, level):
        return V().read(-0.2 * x, x, level)

    x_0 = np.random.default_rng(0).uniform(-1, 1, (3, 1, 2, 2))
    levels, noise = uniform_lambda(Cosine(), 8), rng.PerSample((1, 2, 3))
    found = variational(denoise, x_0, levels, noise).nats
    assert variational(denoise, torch.from_numpy(x_0), levels, noise).nats == pytest.approx(found, rel=1e-12)


def test_levels_must_end_clean():
    levels = uniform_lambda(Cosine(), 8)
    for wrong in (levels[:-1], levels[-1:]):
        with pytest.raises(ScheduleError, match="last one clean"):
            variational(ORACLE, np.zeros((1, 1)), wrong, rng.PerSample((0,)))
