"""What every sampler promises, on every schedule and at both singular ends."""

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
import torch

from sfumato import rng
from sfumato.errors import RecipeError
from sfumato.process.grid import karras, linspace, trailing, uniform
from sfumato.process.prediction import Prediction
from sfumato.process.schedule import CLEAN, Level
from sfumato.process.schedules import SCHEDULES, schedule_from
from sfumato.samplers import DDIM, DDPM, PNDM, SAMPLERS, Heun, Langevin, UniPC, sampler_from, sampler_to
from sfumato.samplers.base import Sampler

VARIANTS = [cls() for cls in SAMPLERS.values()] + [DDPM(variance="beta"), DDIM(eta=0.7), UniPC(variant="bh1")]
KINDS = sorted(set(SCHEDULES.kinds) - {"tabulated"})
SEEDS = (11, 12, 13)


def believe(x, level: Level) -> Prediction:
    """A nonlinear belief that is regular at alpha = 0 and sigma = 0: x0_hat = x^2 / (1 + x^2) - t / 2."""
    x0_hat = x * x / (1.0 + x * x) - 0.5 * level.t
    return Prediction(x, level, x0_hat, (x - level.alpha * x0_hat) / level.sigma)


def start(schedule, seeds=SEEDS, dtype=np.float32):
    first = schedule.at(schedule.T)
    return first.sigma * rng.PerSample(seeds).initial((2, 3), np.zeros((len(seeds), 2, 3), dtype))


def steps_of(sampler, x, levels, seeds=SEEDS):
    return list(sampler(believe, x, levels, rng.PerSample(seeds)))


@pytest.mark.parametrize("n", [1, 2, 3, 5, 10])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sampler", VARIANTS, ids=str)
def test_one_linked_finite_step_for_each_pair(sampler, kind, n):
    """From pure noise, which is alpha = 0 for rectified flow, down to sigma = 0."""
    schedule = schedule_from({"kind": kind})
    levels, x = uniform(schedule, n), start(schedule)
    steps = steps_of(sampler, x, levels)
    assert isinstance(sampler, Sampler)
    assert [(s.i, s.here, s.there) for s in steps] == [(i, *pair) for i, pair in enumerate(pairwise(levels))]
    for step, before in zip(steps, [x, *(s.x_next for s in steps)], strict=False):
        assert step.prediction.x_t is before
        assert step.x_next.dtype == np.float32
        assert np.isfinite(step.x_next).all()
    if not isinstance(sampler, PNDM):  # whose last step, too, looks back
        np.testing.assert_allclose(steps[-1].x_next, steps[-1].prediction.x0_hat, rtol=0, atol=1e-2)


@pytest.mark.parametrize("grid", [trailing, linspace, karras])
@pytest.mark.parametrize("sampler", VARIANTS, ids=str)
def test_yielded_arrays_are_never_modified(sampler, grid):
    schedule = schedule_from({"kind": "scaled-linear"})
    seen = []
    for step in sampler(believe, start(schedule), grid(schedule, 9), rng.PerSample(SEEDS)):
        arrays = [step.x_next, *(a for p in (step.prediction, *step.extra) for a in (p.x_t, p.x0_hat, p.eps_hat))]
        seen += [(array, array.copy()) for array in arrays]
    for array, copy in seen:
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize("kind", ["linear", "rectified", "edm"])
@pytest.mark.parametrize("sampler", VARIANTS, ids=str)
def test_numpy_and_torch_agree(sampler, kind):
    schedule = schedule_from({"kind": kind})
    levels, x = uniform(schedule, 8), start(schedule, dtype=np.float64)
    ours = steps_of(sampler, x, levels)
    theirs = steps_of(sampler, torch.from_numpy(x), levels)
    for a, b in zip(ours, theirs, strict=True):
        assert isinstance(b.x_next, torch.Tensor)
        np.testing.assert_allclose(b.x_next.numpy(), a.x_next, rtol=1e-9, atol=1e-9)
    in_float32 = steps_of(sampler, torch.from_numpy(x).float(), levels)
    assert {step.x_next.dtype for step in in_float32} == {torch.float32}


@pytest.mark.parametrize("kind", ["linear", "rectified"])
@pytest.mark.parametrize("sampler", VARIANTS, ids=str)
def test_a_sample_does_not_depend_on_its_batch(sampler, kind):
    schedule = schedule_from({"kind": kind})
    levels, x = uniform(schedule, 7), start(schedule)
    together = steps_of(sampler, x, levels)[-1].x_next
    for k, seed in enumerate(SEEDS):
        alone = steps_of(sampler, x[k : k + 1], levels, (seed,))[-1].x_next
        np.testing.assert_array_equal(alone[0], together[k])


@pytest.mark.parametrize("sampler", VARIANTS, ids=str)
def test_no_noise_is_asked_for_twice(sampler):
    """Each (step, draw) at most once, steps in order, and none for the step to the picture."""
    schedule, asked = schedule_from({"kind": "linear"}), []

    def noise(step: int, draw: int, like):
        asked.append((step, draw))
        return np.ones_like(like)

    list(sampler(believe, start(schedule), uniform(schedule, 6), noise))
    draws = {"langevin": 2, "ddpm": 1, "euler-ancestral": 1, "dpmpp-2m-sde": 1, "consistency": 1}
    draws["ddim"] = 1 if sampler == DDIM(eta=0.7) else 0
    assert asked == [(step, draw) for step in range(5) for draw in range(draws.get(sampler.kind, 0))]


@pytest.mark.parametrize("sampler", VARIANTS, ids=str)
def test_a_known_picture_is_reached(sampler):
    """With a belief that is always the same picture, the last step is that picture, from any schedule."""
    picture = np.linspace(-1, 1, 6).reshape(1, 2, 3)
    for kind in KINDS:
        schedule = schedule_from({"kind": kind})
        levels, x = uniform(schedule, 5), start(schedule, (1,), np.float64)
        steps = list(sampler(lambda x, level: Prediction.from_x0(x, level, picture), x, levels, rng.PerSample((1,))))
        np.testing.assert_allclose(steps[-1].x_next, picture, rtol=0, atol=1e-12)


def evaluations(sampler, n: int, kind: str = "linear") -> int:
    count = 0

    def counted(x, level):
        nonlocal count
        count += 1
        return believe(x, level)

    schedule = schedule_from({"kind": kind})
    steps = list(sampler(counted, start(schedule), uniform(schedule, n), rng.PerSample(SEEDS)))
    assert sum(len(step.beliefs) for step in steps) == count, "a step says what it asked"
    return count


def test_cost_in_evaluations():
    """One a step, but: Heun two until the last, Langevin one more a correction, PNDM's warm-up four for two steps."""
    costs = {sampler: evaluations(sampler, 10) for sampler in VARIANTS}
    special = {Heun(): 19, Langevin(): 19, PNDM(): 16}
    assert costs == {sampler: special.get(sampler, 10) for sampler in VARIANTS}
    assert evaluations(Langevin(corrections=3), 10) == 10 + 3 * 9
    assert [evaluations(PNDM(), n) for n in (1, 2, 3, 4, 5, 6, 7)] == [1, 2, 5, 6, 9, 10, 13]


def test_extra_holds_the_further_evaluations():
    schedule = schedule_from({"kind": "linear"})
    x, levels = start(schedule), uniform(schedule, 9)
    assert [len(s.extra) for s in steps_of(Heun(), x, levels)] == [1] * 8 + [0]
    assert [len(s.extra) for s in steps_of(Langevin(corrections=2), x, levels)] == [2] * 8 + [0]
    assert [len(s.extra) for s in steps_of(PNDM(), x, levels)] == [1] * 6 + [0] * 3
    assert [len(s.extra) for s in steps_of(UniPC(), x, levels)] == [0] + [1] * 8
    for step in steps_of(UniPC(), x, levels)[1:]:
        (corrected,) = step.extra
        assert corrected.x0_hat is step.prediction.x0_hat
        assert np.abs(corrected.x_t - step.prediction.x_t).max() > 0


@pytest.mark.parametrize("sampler", [*VARIANTS, DDIM(eta=0.25), Langevin(snr=0.1, corrections=3)], ids=str)
def test_registry_round_trip(sampler):
    options = sampler_to(sampler)
    assert options["kind"] == sampler.kind
    assert sampler_from(options) == sampler
    assert sampler_from({"kind": sampler.kind}) == SAMPLERS[sampler.kind]()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "dimm"}, "'ddim'"),
        ({"kind": "dpmpp2m"}, "'dpmpp-2m'"),
        ({}, "unknown sampler"),
        ({"kind": "ddim", "etta": 1.0}, "'eta'"),
        ({"kind": "ddim", "eta": "1"}, "expected float"),
        ({"kind": "ddim", "eta": 1.5}, r"eta is 1.5; it must lie in \[0, 1\]"),
        ({"kind": "ddim", "eta": float("nan")}, "eta is nan"),
        ({"kind": "ddpm", "variance": "large"}, "'beta_tilde' or 'beta'"),
        ({"kind": "unipc", "variant": "bh3"}, "'bh1' or 'bh2'"),
        ({"kind": "langevin", "snr": 0.0}, "snr is 0.0"),
        ({"kind": "langevin", "snr": float("inf")}, "snr is inf"),
        ({"kind": "langevin", "corrections": -1}, "corrections is -1"),
        ({"kind": "langevin", "corrections": 1.5}, "corrections is 1.5"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(RecipeError, match=message):
        sampler_from(options)


def test_importing_samplers_imports_no_torch():
    probe = "import sys, sfumato.samplers, sfumato.rng; print({'torch', 'scipy'} & set(sys.modules))"
    answer = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "set()"


def test_no_levels_no_steps():
    for sampler in VARIANTS:
        assert steps_of(sampler, np.zeros((3, 1)), [CLEAN]) == []
        assert steps_of(sampler, np.zeros((3, 1)), []) == []
