"""The forward process: data to noise, in one jump or step by step, and what a step back looks like once x_0 is known.

Throughout s is the cleaner level and t the noisier one. With x = alpha x_0 + sigma eps at every level, all of it
follows from the two numbers of each level (Kingma et al. 2021, appendix A); for s = t - 1 of a beta table it is
DDPM's.
"""

from dataclasses import dataclass

from sfumato.errors import LevelError, ScheduleError
from sfumato.process.schedule import Level, Schedule
from sfumato.types import Scalar, State


def jump(x_0: State, eps: State, level: Level) -> State:
    """x_t = alpha x_0 + sigma eps: a sample of q(x_t | x_0) (Ho et al. 2020, eq. 4)."""
    return level.alpha * x_0 + level.sigma * eps


@dataclass(frozen=True, eq=False)
class Transition:
    """q(x_t | x_s) = N(scale x_s, variance)."""

    scale: Scalar
    variance: Scalar

    def __call__(self, x_s: State, eps: State) -> State:
        """scale x_s + sqrt(variance) eps."""
        return self.scale * x_s + self.variance**0.5 * eps


@dataclass(frozen=True, eq=False)
class Posterior:
    """q(x_s | x_t, x_0) = N(c_0 x_0 + c_t x_t, variance).

    `variance` is DDPM's beta-tilde, the exact one; `upper` is its beta, the variance of the step forward. They are
    what the best step back has for data of no spread and of unit spread (Ho et al. 2020, section 3.2).
    """

    c_0: Scalar
    c_t: Scalar
    variance: Scalar
    upper: Scalar

    def mean(self, x_0: State, x_t: State) -> State:
        """c_0 x_0 + c_t x_t."""
        return self.c_0 * x_0 + self.c_t * x_t


def transition(s: Level, t: Level) -> Transition:
    """q(x_t | x_s): scale = alpha_t / alpha_s, variance = sigma_t^2 - scale^2 sigma_s^2.

    Neighbours in a beta table have sqrt(1 - beta) and beta (Ho et al. 2020, eq. 2). ScheduleError if s is noisier.
    """
    return Transition(t.alpha / _signal(s), t.sigma**2 * _lost(s, t))


def step(schedule: Schedule, i: int) -> Transition:
    """q(x_i | x_{i-1}), one step of the walk."""
    return transition(schedule.at(i - 1), schedule.at(i))


def posterior(s: Level, t: Level) -> Posterior:
    """q(x_s | x_t, x_0) by Bayes' rule: Ho et al. 2020, eq. 7, for any two levels. ScheduleError if s is noisier."""
    lost = _lost(s, t)
    c_t = t.alpha / _signal(s) * (s.sigma / t.sigma) ** 2
    return Posterior(s.alpha * lost, c_t, s.sigma**2 * lost, t.sigma**2 * lost)


def snr(level: Level) -> Scalar:
    """alpha^2 / sigma^2. Raises LevelError at sigma = 0."""
    if isinstance(level.sigma, float) and level.sigma == 0.0:
        raise LevelError("the signal-to-noise ratio at sigma = 0 is infinite; ask at a noisier level")
    return (level.alpha / level.sigma) ** 2


def terminal_snr(schedule: Schedule) -> Scalar:
    """What is left of the data at the last step, alpha_T^2 / sigma_T^2; above 0 the sampler starts from a small lie.

    Lin et al. 2024 show what it costs in pictures: no very dark and no very bright ones.
    """
    return snr(schedule.at(schedule.T))


def _signal(s: Level) -> Scalar:
    if isinstance(s.alpha, float) and s.alpha == 0.0:
        raise LevelError("a step from alpha = 0: no noisier level exists; begin at a level with signal in it")
    return s.alpha


def _lost(s: Level, t: Level) -> Scalar:
    """The part of the signal-to-noise ratio lost from s to t, 1 - SNR_t / SNR_s, as a product that does not cancel."""
    if isinstance(t.sigma, float) and t.sigma == 0.0:
        raise LevelError("a step to sigma = 0: no cleaner level exists; end at a level with noise in it")
    before, after = s.alpha * t.sigma, t.alpha * s.sigma
    gap = before - after
    if (gap if isinstance(gap, float | int) else float(gap.min())) < 0.0:
        raise ScheduleError("the first level is noisier than the second; give the cleaner one first")
    return gap * (before + after) / before**2
