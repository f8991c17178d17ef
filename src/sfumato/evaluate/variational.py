"""The variational bound of a picture, along levels: what it would cost to send it by the model, never too little.

-log P(x_0) <= L_T + sum_t L_{t-1} + L_0 (Ho et al. 2020, eq. 5; the terms are those of process/bound.py). It asks for
no divergence and no dequantisation, so it stands beside evaluate/likelihood.py as a check on it.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

from sfumato.arrays import as_numpy
from sfumato.errors import ScheduleError
from sfumato.process.bound import Information, prior_kl, reconstruction, step_kl
from sfumato.process.schedule import Level
from sfumato.samplers.base import Denoise, Noise
from sfumato.types import State


def variational(
    denoise: Denoise, x_0: State, levels: Sequence[Level], noise: Noise, *, values: int = 256
) -> Information:
    """An unbiased estimate of the bound in nats, from one x_t a level, for data on so many values in [-1, 1].

    levels: falling, the last one CLEAN; any grid of process/grid.py. Drawing starts from N(0, r^2 I) at the first, r^2
    = alpha^2 + sigma^2. It costs one evaluation a level, and the more levels, the closer the bound: its gap to the
    bound in continuous time is of order 1 in their number.

    Accuracy: tests/evaluate/test_variational.py, against -log P of a Gaussian in bins.

    Raises:
        ScheduleError: levels that do not end clean.
    """
    if len(levels) < 2 or levels[-1].sigma != 0.0:
        raise ScheduleError("the bound needs two levels or more, the last one clean; take a grid of process/grid.py")
    first = levels[0]
    nats = as_numpy(prior_kl(x_0, first, prior_std=math.hypot(first.alpha, first.sigma)).nats)
    for k, (t, s) in enumerate(pairwise(levels)):
        x0_hat = denoise(t.alpha * x_0 + t.sigma * noise(k, 0, x_0), t).x0_hat
        cost = step_kl(x_0, x0_hat, s, t) if s.sigma != 0.0 else reconstruction(x_0, x0_hat, t, levels=values)
        nats = nats + as_numpy(cost.nats)
    return Information(nats, math.prod(x_0.shape[1:]))
