"""Ground truth for samplers: distributions on the line whose denoiser and probability flow are known exactly.

Written apart from sfumato.process.oracle on purpose. The flow of a distribution on the line keeps quantiles, so its
exact solution is F_s^-1(F_t(x)), with no differential equation solved anywhere.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr

from sfumato.process import oracle
from sfumato.process.prediction import Prediction
from sfumato.process.schedule import Level


@dataclass(frozen=True, eq=False)
class Gaussian:
    """N(mean, deviation^2) in each coordinate; arrays make it anisotropic."""

    mean: float | np.ndarray
    deviation: float | np.ndarray

    def __call__(self, x, level: Level, /) -> Prediction:
        """E[x_0 | x_t] = mean + alpha c^2 (x - alpha mean) / (alpha^2 c^2 + sigma^2)."""
        a, v = level.alpha, self.variance(level)
        return Prediction.from_x0(x, level, self.mean + a * self.deviation**2 / v * (x - a * self.mean))

    def variance(self, level: Level):
        """Of x_t."""
        return level.alpha**2 * self.deviation**2 + level.sigma**2

    def flow(self, x, here: Level, there: Level):
        """The same number of deviations from the mean, all along."""
        z = (x - here.alpha * self.mean) / self.variance(here) ** 0.5
        return there.alpha * self.mean + z * self.variance(there) ** 0.5


@dataclass(frozen=True, eq=False)
class Mixture:
    """A mixture of Gaussians in each coordinate; of points, where the deviations are 0."""

    weights: tuple[float, ...]
    means: tuple[float, ...]
    deviations: tuple[float, ...]

    def at(self, x, level: Level):
        """(x - mean) and the variance of each component at a level, components last."""
        variance = level.alpha**2 * np.square(self.deviations) + level.sigma**2
        return x[..., None] - level.alpha * np.array(self.means), variance

    def __call__(self, x, level: Level, /) -> Prediction:
        """The posterior mean: each component's own, weighed by how likely it is."""
        d, variance = self.at(x, level)
        log_weight = np.log(self.weights) - 0.5 * np.log(variance) - 0.5 * d**2 / variance
        weight = np.exp(log_weight - log_weight.max(-1, keepdims=True))
        means = np.array(self.means) + level.alpha * np.square(self.deviations) / variance * d
        return Prediction.from_x0(x, level, (weight * means).sum(-1) / weight.sum(-1))

    def cdf(self, x, level: Level):
        """P(x_t < x)."""
        d, variance = self.at(x, level)
        return (np.array(self.weights) * ndtr(d / np.sqrt(variance))).sum(-1)

    def flow(self, x, here: Level, there: Level):
        """The point of the same quantile, by bisection to the last bit."""
        quantile, low, high = self.cdf(x, here), np.full_like(x, -50.0), np.full_like(x, 50.0)
        for _ in range(80):
            middle = (low + high) / 2
            below = self.cdf(middle, there) < quantile
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return (low + high) / 2


X = np.linspace(-1.6, 1.6, 9)[None]
"""Where the proofs start, times the size of the noise there: a batch of one, nine coordinates."""

_MEANS = np.array([[-1.0, 0.4, 0.2], [0.8, -0.9, 0.1], [0.3, 0.9, -1.1]])
_STDS = np.array([[0.5, 0.8, 0.4], [0.7, 0.4, 0.9], [0.6, 0.6, 0.5]])

ORACLES = {
    "anisotropic": (Gaussian(np.linspace(-1.0, 1.0, 9), np.linspace(0.2, 1.3, 9)), X),
    "mixture": (Mixture((0.3, 0.45, 0.25), (-1.2, 0.1, 1.5), (0.35, 0.2, 0.5)), X),
    "empirical": (Mixture((0.25, 0.25, 0.25, 0.25), (-1.0, -0.2, 0.5, 1.4), (0.0, 0.0, 0.0, 0.0)), X),
    "coupled": (oracle.Mixture(np.array([0.3, 0.3, 0.4]), _MEANS, _STDS), X.reshape(3, 3)),
}
"""Three on the line, coordinate by coordinate, and one of the package's own in space, with where each starts."""


def no_noise(step: int, draw: int, like) -> np.ndarray:
    """For samplers that must not ask."""
    raise AssertionError(f"asked for noise at step {step}, draw {draw}")


def even(schedule, n: int, start: float | None = None, end: float | None = None) -> tuple[Level, ...]:
    """n steps, even in t."""
    return tuple(schedule(float(t)) for t in np.linspace(start or START, end or END, n + 1))


def run(sampler, denoise, x, visited, noise=no_noise):
    """The last state of a run."""
    for step in sampler(denoise, x, visited, noise):
        x = step.x_next
    return x


COUNTS = (160, 320, 640)
START, END = 0.93, 0.22
"""The times between which order is measured: near pure noise, and before the flow of points becomes stiff."""


def fitted_order(error_of: Callable[[int], float], counts: Sequence[int] = COUNTS) -> float:
    """Minus the fitted slope of log error against log n."""
    return -float(np.polyfit(np.log(counts), np.log([error_of(n) for n in counts]), 1)[0])


def order(sampler, name: str, schedule, counts: Sequence[int] = COUNTS) -> float:
    """The order of convergence of a sampler without noise to the exact flow of the oracle called `name`."""
    denoise, x = ORACLES[name]
    first, last = schedule(START), schedule(END)
    x = x * math.hypot(first.alpha, first.sigma)
    exact = denoise.flow(x, first, last)

    def error(n: int) -> float:
        return math.sqrt(np.mean((run(sampler, denoise, x, even(schedule, n)) - exact) ** 2))

    return fitted_order(error, counts)


@dataclass(frozen=True)
class WeakOrder:
    """How fast the moments of a sampler with noise converge, and how far off mean and memory are at most."""

    mean_error: float
    memory_error: float
    variance: float
    memory: float


def weak_order(sampler_for: Callable[[int], Any], schedule, eta: float = 1.0, counts=COUNTS) -> WeakOrder:
    """Weak orders against the forward process; the sampler may depend on n.

    The memory is the regression of the end on the start. For the reverse of the forward process (eta = 1) it is
    cov(x_s, x_t) / var x_t = (alpha_t / alpha_s) var x_s / var x_t; for the flow (eta = 0) sqrt(var x_s / var x_t); the
    drift is linear in eta^2, and so is the logarithm in between.
    """
    data, first, last = Gaussian(0.5, 0.7), schedule(START), schedule(END)
    end, ratio = data.variance(last), data.variance(last) / data.variance(first)
    memory = math.sqrt(ratio) * (first.alpha / last.alpha * math.sqrt(ratio)) ** eta**2
    found = {n: moments(sampler_for(n), data, even(schedule, n)) for n in counts}
    return WeakOrder(
        max(abs(mean - last.alpha * data.mean) for mean, _, _ in found.values()),
        max(abs(kept - memory) for _, _, kept in found.values()),
        fitted_order(lambda n: abs(found[n][1] - end), counts),
        fitted_order(lambda n: abs(found[n][2] - memory), counts),
    )


def moments(sampler, data: Gaussian, visited) -> tuple[float, float, float]:
    """Mean and variance of what a sampler makes of the true distribution at visited[0], and its memory, exactly.

    A sampler is affine in its start and its noises when the denoiser is. So one run carries the coefficients:
    coordinate 0 of the state stands for the constant 1, each other one for an independent standard normal: the start,
    then each draw. The norm of a coefficient vector is the root mean square of what it stands for, so a step that
    depends on norms is followed too, as it is for infinitely many pixels.
    """
    first = visited[0]
    mean = np.zeros((1, 8 * len(visited)))
    mean[0, 0] = data.mean
    x = first.alpha * mean
    x[0, 1] = math.sqrt(data.variance(first))
    seen: dict[tuple[int, int], int] = {}

    def noise(step: int, draw: int, like):
        basis = np.zeros_like(like)
        basis[0, seen.setdefault((step, draw), len(seen) + 2)] = 1.0
        return basis

    x = run(sampler, Gaussian(mean, data.deviation), x, visited, noise)
    return float(x[0, 0]), float(np.square(x[0, 1:]).sum()), float(x[0, 1]) / math.sqrt(data.variance(first))
