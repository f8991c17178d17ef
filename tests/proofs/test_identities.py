"""Samplers that are one another under two names, to rounding; and runs that do not disturb each other."""

from itertools import pairwise

import numpy as np
import pytest
from ground import ORACLES, X, even, no_noise, run

from sfumato import rng
from sfumato.process.schedule import CLEAN
from sfumato.process.schedules import schedule_from
from sfumato.samplers import DDIM, DDPM, DPMPP2M, DPMPP2MSDE, PNDM, SAMPLERS, Euler, EulerAncestral, Langevin, UniPC

SCHEDULES = ["linear", "cosine", "rectified", "edm", "ve"]
DENOISE, _ = ORACLES["mixture"]
NOISE = rng.PerSample((3,))


def walk(kind: str, n: int = 12):
    """A start and the levels from t = 0.999 to the picture itself."""
    visited = (*even(schedule_from({"kind": kind}), n, 0.999, 0.05), CLEAN)
    return X * np.hypot(visited[0].alpha, visited[0].sigma), visited


def states(sampler, x, visited, noise=NOISE):
    return np.stack([step.x_next for step in sampler(DENOISE, x, visited, noise)])


@pytest.mark.parametrize("kind", SCHEDULES)
@pytest.mark.parametrize("same", [DDIM(eta=1.0), EulerAncestral(), Langevin(corrections=0)], ids=str)
def test_three_more_names_of_ddpm(same, kind):
    x, visited = walk(kind)
    np.testing.assert_allclose(states(same, x, visited), states(DDPM(), x, visited), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("kind", SCHEDULES)
def test_euler_in_sigma_over_alpha_is_ddim(kind):
    x, visited = walk(kind)
    ours, same = states(Euler(), x, visited, no_noise), states(DDIM(), x, visited, no_noise)
    np.testing.assert_allclose(ours, same, rtol=1e-12, atol=1e-12 * np.abs(x).max())


@pytest.mark.parametrize("kind", SCHEDULES)
@pytest.mark.parametrize("sampler", [DPMPP2M(), UniPC(), UniPC(variant="bh1"), PNDM()], ids=str)
def test_a_single_step_is_ddim(sampler, kind):
    """A multistep method has no past in its first step: of first order, that is DDIM."""
    x, visited = walk(kind)
    for pair in pairwise(visited):
        np.testing.assert_allclose(states(sampler, x, pair, no_noise), states(DDIM(), x, pair), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("kind", SCHEDULES)
def test_a_single_step_of_the_sde_is_ddpm(kind):
    x, visited = walk(kind)
    for pair in pairwise(visited):
        np.testing.assert_allclose(states(DPMPP2MSDE(), x, pair), states(DDPM(), x, pair), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("eta", [0.0, 0.4, 1.0])
def test_ddim_as_the_paper_writes_it(eta):
    """Song et al. 2021, equations 12 and 16, in their alpha, which is our alpha_bar."""
    x, visited = walk("linear")
    for here, there in pairwise(visited):
        eps = DENOISE(x, here).eps_hat
        a, b = here.alpha_bar, there.alpha_bar
        sigma = eta * np.sqrt((1 - b) / (1 - a)) * np.sqrt(1 - a / b)
        x_0 = (x - np.sqrt(1 - a) * eps) / np.sqrt(a)
        expected = np.sqrt(b) * x_0 + np.sqrt(1 - b - sigma**2) * eps + sigma * NOISE(0, 0, x)
        np.testing.assert_allclose(states(DDIM(eta=eta), x, (here, there))[0], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("variance", ["beta", "beta_tilde"])
def test_ddpm_as_the_paper_writes_it(variance):
    """Ho et al. 2020, equation 7 and section 3.2, at every step of the table, one at a time."""
    schedule = schedule_from({"kind": "linear"})
    for i in (1000, 700, 31, 2, 1):
        here, there = schedule.at(i), schedule.at(i - 1)
        beta = 1 - here.alpha_bar / there.alpha_bar
        x_0 = DENOISE(X, here).x0_hat
        mean = np.sqrt(there.alpha_bar) * beta / (1 - here.alpha_bar) * x_0
        mean = mean + np.sqrt(1 - beta) * (1 - there.alpha_bar) / (1 - here.alpha_bar) * X
        share = 1.0 if variance == "beta" else (1 - there.alpha_bar) / (1 - here.alpha_bar)
        expected = mean + np.sqrt(beta * share) * NOISE(0, 0, X) * (i > 1)
        (step,) = DDPM(variance=variance)(DENOISE, X, (here, there), NOISE)
        np.testing.assert_allclose(step.x_next, expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("kind", ["linear", "ve"])
def test_langevin_as_the_paper_writes_it(kind):
    """Song et al. 2021, algorithms 4 (VE) and 5 (VP), each sample with its own norms."""
    schedule = schedule_from({"kind": kind})
    here, there = schedule(0.6), schedule(0.55)
    x, noise = np.concatenate([X, 0.5 * X + 0.3]), rng.PerSample((5, 6))
    for row in range(2):
        (step,) = Langevin(snr=0.2, corrections=2)(DENOISE, x, (here, there), noise)
        (predicted,) = DDPM()(DENOISE, x, (here, there), noise)
        state = predicted.x_next[row]
        for draw in (1, 2):
            z = noise(0, draw, x)[row]
            g = -DENOISE(state[None], there).eps_hat[0] / there.sigma
            e = 2 * (here.alpha / there.alpha) ** 2 * (0.2 * np.linalg.norm(z) / np.linalg.norm(g)) ** 2
            state = state + e * g + np.sqrt(2 * e) * z
        np.testing.assert_allclose(step.x_next[row], state, rtol=1e-12)


def test_adams_and_bashforth():
    """On an even grid the multistep of PNDM weighs by 55, -59, 37, -9 over 24 (Liu et al. 2022, equation 12)."""
    x, visited = walk("linear", 20)
    steps = list(PNDM()(DENOISE, x, visited[:-1], no_noise))
    e = [steps[i].prediction.eps_hat for i in (11, 10, 9, 8)]
    mean = (55 * e[0] - 59 * e[1] + 37 * e[2] - 9 * e[3]) / 24
    here, there = steps[11].here, steps[11].there
    slope = there.sigma_edm - here.sigma_edm
    np.testing.assert_allclose(
        steps[11].x_next, there.alpha * (steps[11].prediction.x_t / here.alpha + slope * mean), rtol=1e-10
    )


@pytest.mark.parametrize("name", SAMPLERS)
def test_two_runs_of_one_sampler_do_not_disturb_each_other(name):
    sampler = SAMPLERS[name]()
    x, visited = walk("linear")
    other_x, other = -0.7 * x, walk("cosine", 9)[1]
    alone = [states(sampler, x, visited), states(sampler, other_x, other)]
    first, second = sampler(DENOISE, x, visited, NOISE), sampler(DENOISE, other_x, other, NOISE)
    together: tuple[list, list] = ([], [])
    for k in range(len(visited) - 1):
        together[0].append(next(first).x_next)
        if k < len(other) - 1:
            together[1].append(next(second).x_next)
    for ours, theirs in zip(together, alone, strict=True):
        np.testing.assert_array_equal(np.stack(ours), theirs)
    np.testing.assert_array_equal(run(sampler, DENOISE, x, visited, NOISE), alone[0][-1])
