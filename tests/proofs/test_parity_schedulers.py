"""Our samplers and the diffusers package's schedulers, step by step: same network, same levels, same noise.

The levels are read off the other side's tables, which are float32, so that only the step is compared; where it keeps
states divided by alpha (Karras's way), ours are divided to match. Its defaults are ours except where named:

- DDPM adds noise on the way to sigma = 0 when that step starts above t = 0 (trailing, "fixed_large"); we never do.
- DDIM and PNDM land T // n below each t, whatever t comes next; each DDIM step is compared by itself, and PNDM on grids
  that are even. PNDM's averages are of eps; of v, the other side averages v, which is another method.
- The order of the last step to sigma > 0 is not lowered here; there that is an option.
"""

from itertools import pairwise, product

import numpy as np
import pytest
import torch

from sfumato import rng
from sfumato.process.parameterisation import X0, Eps, Flow, V
from sfumato.process.schedule import Level
from sfumato.samplers import DDIM, DDPM, DPMPP2M, DPMPP2MSDE, PNDM, Euler, EulerAncestral, Heun, UniPC

diffusers = pytest.importorskip("diffusers")
pytestmark = [
    pytest.mark.parity,
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
]

READ = {"epsilon": Eps(), "sample": X0(), "v_prediction": V(), "flow_prediction": Flow()}
BETAS = {
    "linear": {"beta_schedule": "linear", "beta_start": 1e-4, "beta_end": 0.02},
    "scaled_linear": {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012},
    "cosine": {"beta_schedule": "squaredcos_cap_v2"},
}
NOISE = rng.PerSample((1, 2))
START = NOISE.initial((3, 4, 4), torch.zeros(1, dtype=torch.float64))


def network(x, t):
    """Nonlinear in x and t, shaped like x."""
    t = float(t) / 1000.0
    return torch.tanh((1.1 - 0.4 * t) * x + 0.3 * np.sin(5.0 * t)) + 0.2 * x * t + 0.1 * torch.cos(2.0 * x + t)


def denoise(prediction: str):
    return lambda x, level: READ[prediction].read(network(x, 1000.0 * level.t), x, level)


def build(name: str, n: int, **options):
    """A scheduler that starts at its first timestep (it would skip one that comes twice)."""
    scheduler = getattr(diffusers, name)(**options)
    scheduler.set_timesteps(n)
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(0)
    return scheduler


def error(ours, theirs) -> float:
    """The largest difference in any of the states, relative to the largest entry of that state."""
    assert len(ours) == len(theirs)
    return max(float((a - b).abs().max() / b.abs().max()) for a, b in zip(ours, theirs, strict=True))


def steps_of(sampler, prediction: str, x, levels, noise=NOISE):
    return [step.x_next for step in sampler(denoise(prediction), x, levels, noise)]


def table_level(scheduler, t: int) -> Level:
    """The level of timestep t; below 0 the scheduler's last one."""
    final = getattr(scheduler, "final_alpha_cumprod", torch.tensor(1.0))
    alpha_bar = float(scheduler.alphas_cumprod[t] if t >= 0 else final)
    return Level(t / 1000.0, alpha_bar**0.5, (1.0 - alpha_bar) ** 0.5)


def sigma_levels(scheduler, sigmas, timesteps) -> tuple[Level, ...]:
    """Levels from sigmas: sigma / alpha with alpha^2 + sigma^2 = 1, or flow matching's sigma with alpha = 1 - sigma."""
    levels = []
    for s, t in zip(sigmas.double().tolist(), [*timesteps.tolist(), -1], strict=True):
        alpha = 1.0 - s if getattr(scheduler.config, "use_flow_sigmas", False) else (1.0 + s * s) ** -0.5
        levels.append(Level(t / 1000.0, alpha, s if alpha == 1.0 - s else s * alpha))
    return tuple(levels)


ONE_STEP = list(product(BETAS, ["leading", "trailing", "linspace"], ["epsilon", "sample", "v_prediction"]))


@pytest.mark.parametrize("n", [10, 30])
@pytest.mark.parametrize(("betas", "spacing", "prediction"), ONE_STEP)
def test_ddpm(monkeypatch, betas, spacing, prediction, n):
    variance = "beta_tilde" if spacing == "trailing" or n == 10 else "beta"
    options = {"variance_type": "fixed_small" if variance == "beta_tilde" else "fixed_large", "clip_sample": False}
    theirs = build("DDPMScheduler", n, **BETAS[betas], timestep_spacing=spacing, prediction_type=prediction, **options)
    levels = [table_level(theirs, t) for t in [*theirs.timesteps.tolist(), -1]]
    ours = steps_of(DDPM(variance=variance), prediction, START, levels)
    x, states = START, []
    place = "diffusers.schedulers.scheduling_ddpm.randn_tensor"
    for i, t in enumerate(theirs.timesteps):
        monkeypatch.setattr(place, lambda *_, i=i, **__: NOISE(i, 0, START))
        x = theirs.step(network(x, t), t, x).prev_sample
        states.append(x)
    assert error(ours, states) <= 1e-5


@pytest.mark.parametrize(("n", "eta", "to_one"), [(10, 0.0, True), (30, 0.5, False), (50, 1.0, True)])
@pytest.mark.parametrize(("betas", "spacing", "prediction"), ONE_STEP)
def test_ddim(betas, spacing, prediction, n, eta, to_one):
    options = {"set_alpha_to_one": to_one, "clip_sample": False}
    theirs = build("DDIMScheduler", n, **BETAS[betas], timestep_spacing=spacing, prediction_type=prediction, **options)
    x = y = START
    ours, states = [], []
    for i, t in enumerate(theirs.timesteps.tolist()):
        pair = (table_level(theirs, t), table_level(theirs, t - 1000 // n))
        (x,) = steps_of(DDIM(eta=eta), prediction, x, pair, lambda step, draw, like, i=i: NOISE(i, draw, like))
        noise = NOISE(i, 0, y) if eta > 0 else None
        y = theirs.step(network(y, t), t, y, eta=eta, variance_noise=noise).prev_sample
        ours.append(x)
        states.append(y)
    assert error(ours, states) <= 1e-5


EVEN_GRIDS = [("leading", 0), ("leading", 1), ("trailing", 0)]


@pytest.mark.parametrize("to_one", [False, True])
@pytest.mark.parametrize("n", [10, 20, 50])
@pytest.mark.parametrize(("betas", "grid"), [g for g in product(BETAS, EVEN_GRIDS) if g != ("cosine", ("trailing", 0))])
def test_pndm(betas, grid, n, to_one):
    """The other side's Runge-Kutta steps evaluate half-way: the grid, with its first three steps halved."""
    spacing, offset = grid
    options = {"timestep_spacing": spacing, "steps_offset": offset, "set_alpha_to_one": to_one}
    theirs = build("PNDMScheduler", n, **BETAS[betas], **options)
    stride = 1000 // n
    first = int(theirs.timesteps[0])
    stops = [first - k * stride // 2 for k in range(6)] + [first - k * stride for k in range(3, n)]
    levels = [table_level(theirs, t) for t in [*stops, stops[-1] - stride]]
    ours = steps_of(PNDM(), "epsilon", START, levels)
    x = START
    for t in theirs.timesteps.tolist():
        x = theirs.step(network(x, t), t, x).prev_sample
    assert error(ours[-1:], [x]) <= 1e-5


def in_karras_form(theirs, sampler, prediction: str, levels, noise_to=None) -> float:
    """Run a scheduler that keeps y = x / alpha, and compare; `noise_to` hands it the noise of step i."""
    ours = steps_of(sampler, prediction, START, levels)
    y, states = START / levels[0].alpha, []
    for i, t in enumerate(theirs.timesteps):
        if noise_to is not None:
            noise_to(lambda *_, i=i, **__: NOISE(i, 0, START))
        scaled = theirs.scale_model_input(y, t)
        y = theirs.step(network(scaled, t), t, y).prev_sample
        states.append(y)
    if isinstance(sampler, Heun):
        states = [*states[1::2], states[-1]]
    return error([x / level.alpha for x, level in zip(ours, levels[1:], strict=True)], states)


KARRAS_FORM = [
    setting
    for setting in product(BETAS, ["leading", "trailing", "linspace"], ["epsilon", "v_prediction"])
    if setting not in (("cosine", "trailing", "v_prediction"), ("cosine", "linspace", "v_prediction"))
]
"""Without the two that begin at sigma / alpha = 20,000, where v loses four digits in the other side's float32."""


@pytest.mark.parametrize(("n", "last", "karras"), [(10, "zero", False), (31, "sigma_min", False), (20, "zero", True)])
@pytest.mark.parametrize(("betas", "spacing", "prediction"), KARRAS_FORM)
def test_euler(betas, spacing, prediction, n, last, karras):
    options = {"timestep_spacing": spacing, "final_sigmas_type": last, "use_karras_sigmas": karras}
    theirs = build("EulerDiscreteScheduler", n, **BETAS[betas], prediction_type=prediction, **options)
    levels = sigma_levels(theirs, theirs.sigmas, theirs.timesteps)
    assert in_karras_form(theirs, Euler(), prediction, levels) <= 1e-5


@pytest.mark.parametrize("n", [10, 31])
@pytest.mark.parametrize(("betas", "spacing", "prediction"), KARRAS_FORM)
def test_euler_ancestral(monkeypatch, betas, spacing, prediction, n):
    options = {"timestep_spacing": spacing, "prediction_type": prediction}
    theirs = build("EulerAncestralDiscreteScheduler", n, **BETAS[betas], **options)
    levels = sigma_levels(theirs, theirs.sigmas, theirs.timesteps)
    place = "diffusers.schedulers.scheduling_euler_ancestral_discrete.randn_tensor"
    noise_to = lambda draw: monkeypatch.setattr(place, draw)  # noqa: E731
    assert in_karras_form(theirs, EulerAncestral(), prediction, levels, noise_to) <= 1e-5


@pytest.mark.parametrize(("n", "karras"), [(10, False), (31, False), (20, True)])
@pytest.mark.parametrize(("betas", "spacing", "prediction"), KARRAS_FORM)
def test_heun(betas, spacing, prediction, n, karras):
    options = {"timestep_spacing": spacing, "use_karras_sigmas": karras}
    theirs = build("HeunDiscreteScheduler", n, **BETAS[betas], prediction_type=prediction, **options)
    once = [0, *range(1, len(theirs.timesteps), 2)]
    levels = sigma_levels(theirs, torch.cat([theirs.sigmas[once], theirs.sigmas[-1:]]), theirs.timesteps[once])
    assert in_karras_form(theirs, Heun(), prediction, levels) <= 1e-5


MULTISTEP = [
    (betas, {"timestep_spacing": spacing, "prediction_type": prediction})
    for betas, spacing, prediction in product(BETAS, ["leading", "trailing", "linspace"], ["epsilon", "v_prediction"])
] + [
    ("linear", {"prediction_type": "sample"}),
    ("linear", {"use_karras_sigmas": True}),
    ("scaled_linear", {"use_karras_sigmas": True, "final_sigmas_type": "sigma_min"}),
    ("scaled_linear", {"timestep_spacing": "trailing", "final_sigmas_type": "sigma_min"}),
    ("linear", {"use_flow_sigmas": True, "prediction_type": "flow_prediction"}),
    ("linear", {"use_flow_sigmas": True, "flow_shift": 3.0, "prediction_type": "flow_prediction"}),
]


def multistep(name: str, betas: str, n: int, options, **more):
    lower = {"lower_order_final": options.get("final_sigmas_type") != "sigma_min"}
    theirs = build(name, n, **BETAS[betas], **options, **lower, **more)
    return theirs, sigma_levels(theirs, theirs.sigmas, theirs.timesteps), options.get("prediction_type", "epsilon")


@pytest.mark.parametrize("n", [5, 25])
@pytest.mark.parametrize(("betas", "options"), MULTISTEP)
@pytest.mark.parametrize("sampler", [DPMPP2M(), DPMPP2MSDE()], ids=str)
def test_dpmpp(sampler, betas, options, n):
    kind = "dpmsolver++" if isinstance(sampler, DPMPP2M) else "sde-dpmsolver++"
    theirs, levels, prediction = multistep("DPMSolverMultistepScheduler", betas, n, options, algorithm_type=kind)
    ours = steps_of(sampler, prediction, START, levels)
    x, states = START, []
    for i, t in enumerate(theirs.timesteps):
        x = theirs.step(network(x, t), t, x, variance_noise=NOISE(i, 0, START)).prev_sample
        states.append(x)
    assert error(ours, states) <= 1e-5


@pytest.mark.parametrize("n", [5, 25])
@pytest.mark.parametrize(("betas", "options"), MULTISTEP)
@pytest.mark.parametrize("variant", ["bh1", "bh2"])
def test_unipc(variant, betas, options, n):
    theirs, levels, prediction = multistep("UniPCMultistepScheduler", betas, n, options, solver_type=variant)
    ours = steps_of(UniPC(variant=variant), prediction, START, levels)
    x, states = START, []
    for t in theirs.timesteps:
        x = theirs.step(network(x, t), t, x).prev_sample
        states.append(x)
    assert error(ours, states) <= 1e-5


def test_the_comparison_can_fail():
    """A step of the wrong kind is far outside the tolerance."""
    _, levels, prediction = multistep("DPMSolverMultistepScheduler", "linear", 25, {})
    ours, others = (steps_of(s, prediction, START, levels) for s in (DPMPP2M(), DDIM()))
    assert len(list(pairwise(levels))) == len(ours)
    assert error(others, ours) > 1e-3
