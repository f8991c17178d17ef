"""Reference trajectories of the probability-flow ODE, for a denoiser that is exact and smooth.

With r^2 = alpha^2 + sigma^2, w = x / r and phi = atan(sigma / alpha), the ODE of every schedule is dw/dphi = v_hat
(Salimans and Ho 2022, appendix D). It is solved in q = log phi by Gauss-Legendre collocation with 8
stages, of order 16 (Butcher 1964).
"""

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.polynomial.legendre import leggauss, legvander

from sfumato.errors import ScheduleError
from sfumato.process.prediction import Prediction
from sfumato.process.schedule import Level
from sfumato.types import State

Belief = Callable[[State, Level], Prediction]
"""An exact denoiser that takes levels of arrays [b, 1, ...]."""

STAGES = 8
TOLERANCE = 1e-12
"""How well two answers must agree, in parts of the largest entry."""
NEARLY_CLEAN = 1e-9
"""The angle at which the rest of the way to sigma = 0 is one straight step: it bends by about its square."""


def integrate(denoise: Belief, x: State, here: Level, there: Level, *, most: int = 4096) -> State:
    """`x` carried from `here` to `there`, with twice the panels until the answer stands still.

    Accuracy: the last two answers agree to 1e-12 of the largest entry. Raises ScheduleError when `most` panels do not
    suffice.
    """
    panels, coarse = 16, None
    while panels <= most:
        fine = _solve(denoise, x, here, there, panels)
        if coarse is not None and np.abs(fine - coarse).max() <= TOLERANCE * np.abs(fine).max():
            return fine
        panels, coarse = 2 * panels, fine
    raise ScheduleError(
        f"the trajectory from {here} to {there} is not settled by {most} panels; is the denoiser smooth?"
    )


def _solve(denoise: Belief, x: State, here: Level, there: Level, panels: int) -> State:
    """One pass of `panels` even panels in q. sigma = 0, at q = -inf, is reached or left in one straight step."""
    start, end = (max(math.atan2(level.sigma, level.alpha), NEARLY_CLEAN) for level in (here, there))
    w = x / math.hypot(here.alpha, here.sigma)
    if here.sigma == 0.0:
        w = denoise(w, _on_circle(0.0)).toward(_on_circle(start))
    edges = np.linspace(math.log(start), math.log(end), panels + 1)
    for q, step in zip(edges[:-1], np.diff(edges), strict=True):
        w = _panel(denoise, w, q, step)
    if there.sigma == 0.0:
        w = denoise(w, _on_circle(end)).toward(_on_circle(0.0))
    return w * math.hypot(there.alpha, there.sigma)


def _panel(denoise: Belief, w: State, q: float, step: float) -> State:
    """One collocation step; the stages' equations are solved by iteration, all stages in one batch."""
    nodes, weights, matrix = _collocation()
    flat = (-1,) + (1,) * (w.ndim - 1)
    phi = np.repeat(np.exp(q + step * nodes), len(w)).reshape(flat)
    level = Level(phi / (math.pi / 2), np.cos(phi), np.sin(phi))
    slopes = np.zeros((STAGES, *w.shape))
    for _ in range(60):
        inner = w + step * np.tensordot(matrix, slopes, axes=1)
        belief = denoise(inner.reshape(-1, *w.shape[1:]), level)
        fresh = (phi * belief.v_hat).reshape(slopes.shape)
        change, slopes = np.abs(fresh - slopes).max(), fresh
        if change <= 1e-15 * np.abs(slopes).max():
            break
    return w + step * np.tensordot(weights, slopes, axes=1)


def _on_circle(phi: float) -> Level:
    return Level(phi / (math.pi / 2), math.cos(phi), math.sin(phi))


@cache
def _collocation() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gauss-Legendre nodes and weights on [0, 1], and each node's Lagrange polynomial integrated up to each node."""
    nodes, weights = leggauss(STAGES)
    values = legvander(nodes, STAGES)
    order = np.arange(1, STAGES)
    rise = (values[:, order + 1] - values[:, order - 1]) / (2 * order + 1)
    integrals = np.concatenate([nodes[:, None] + 1.0, rise], axis=1)
    scale = (2 * np.arange(STAGES) + 1) / 2
    matrix = 0.5 * (integrals * scale) @ (values[:, :STAGES] * weights[:, None]).T
    return (nodes + 1.0) / 2, weights / 2, matrix
