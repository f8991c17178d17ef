"""Tables and grids against the diffusers package: the same numbers, step for step."""

import numpy as np
import pytest
import torch

from sfumato.process.grid import karras, leading, linspace, trailing, uniform_lambda
from sfumato.process.schedules import EDM, Cosine, Linear, ScaledLinear

diffusers = pytest.importorskip("diffusers")
pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")]

TABLES = {"linear": Linear(), "scaled_linear": ScaledLinear(), "squaredcos_cap_v2": Cosine()}
BETAS = {"linear": (1e-4, 0.02), "scaled_linear": (0.00085, 0.012), "squaredcos_cap_v2": (1e-4, 0.02)}
COUNTS = (1, 2, 3, 7, 10, 20, 28, 50, 99, 128, 333, 999, 1000)


def options(name):
    beta_start, beta_end = BETAS[name]
    return {"beta_schedule": name, "beta_start": beta_start, "beta_end": beta_end}


@pytest.mark.parametrize("name", TABLES)
def test_alpha_bar(name):
    theirs = diffusers.DDPMScheduler(**options(name)).alphas_cumprod.double().numpy()
    ours = TABLES[name].at(np.arange(1, 1001)).alpha_bar
    np.testing.assert_allclose(theirs, ours, rtol=3e-5, atol=1e-9)  # theirs is a float32 product of a thousand


@pytest.mark.parametrize("n", COUNTS)
@pytest.mark.parametrize(
    ("spacing", "offset", "grid"),
    [
        ("leading", 0, lambda s, n: leading(s, n)),
        ("leading", 1, lambda s, n: leading(s, n, offset=1)),
        ("trailing", 0, trailing),
        ("linspace", 0, linspace),
    ],
)
def test_timesteps(n, spacing, offset, grid):
    if (n == 1 and spacing == "linspace") or (n == 1000 and offset == 1):
        return  # theirs: the one step is the cleanest; a step past the table
    theirs = diffusers.DDIMScheduler(timestep_spacing=spacing, steps_offset=offset)
    theirs.set_timesteps(n)
    ours = [level.i - 1 for level in grid(Linear(), n)[:-1]]  # they count from 0
    assert ours == theirs.timesteps.tolist()


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("n", [2, 10, 25])
@pytest.mark.parametrize(("flag", "grid"), [("use_karras_sigmas", karras), ("use_exponential_sigmas", uniform_lambda)])
def test_sigmas(name, n, flag, grid):
    theirs = diffusers.EulerDiscreteScheduler(**options(name), timestep_spacing="linspace", **{flag: True})
    table = TABLES[name].at(np.arange(1, 1001)).alpha_bar
    theirs.alphas_cumprod = torch.from_numpy(table)  # in float64: theirs has three digits left at the clean end
    theirs.set_timesteps(n)
    ours = [level.sigma_edm for level in grid(TABLES[name], n)]
    np.testing.assert_allclose(theirs.sigmas.numpy(), ours, rtol=1e-6)


@pytest.mark.parametrize("n", [2, 18, 40])
def test_edm_sigmas(n):
    theirs = diffusers.EDMEulerScheduler()
    theirs.set_timesteps(n)
    np.testing.assert_allclose(theirs.sigmas.numpy(), [level.sigma for level in karras(EDM(), n)], rtol=1e-5)
