"""What a network may be asked for: eps, x_0, v, a flow velocity, or EDM's F.

Each file of the literature has one of them built in; here they are five readings of the same belief, (x0_hat,
eps_hat). Every `read` undoes its `target`: read(target(x_0, eps), alpha x_0 + sigma eps) is (x_0, eps) to rounding
(tests/proofs/test_parameterisations.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sfumato.errors import LevelError, ScheduleError
from sfumato.process.prediction import Parameterisation, Prediction
from sfumato.process.registry import Registry
from sfumato.process.schedule import Level
from sfumato.types import Scalar, State


@dataclass(frozen=True)
class Eps:
    """The noise (Ho et al. 2020). Says nothing about x_0 where alpha = 0: LevelError."""

    kind: ClassVar[str] = "eps"

    def target(self, x_0: State, eps: State, level: Level, /) -> State:
        """eps."""
        return eps

    def read(self, output: State, x_t: State, level: Level, /) -> Prediction:
        """x0_hat = (x_t - sigma eps_hat) / alpha. Raises LevelError at alpha = 0."""
        return Prediction.from_eps(x_t, level, output)

    def scale_in(self, level: Level, /) -> Scalar:
        """1."""
        return 1.0

    def sensitivity(self, level: Level, /) -> Scalar:
        """1 / alpha. Raises LevelError at alpha = 0."""
        return _reciprocal(level.alpha, "an eps parameterisation at alpha = 0: x_t holds no signal there; use v or x0")


@dataclass(frozen=True)
class X0:
    """The data (Salimans and Ho 2022, section 4). Says nothing about eps where sigma = 0: LevelError."""

    kind: ClassVar[str] = "x0"

    def target(self, x_0: State, eps: State, level: Level, /) -> State:
        """x_0."""
        return x_0

    def read(self, output: State, x_t: State, level: Level, /) -> Prediction:
        """eps_hat = (x_t - alpha x0_hat) / sigma. Raises LevelError at sigma = 0."""
        return Prediction.from_x0(x_t, level, output)

    def scale_in(self, level: Level, /) -> Scalar:
        """1."""
        return 1.0

    def sensitivity(self, level: Level, /) -> Scalar:
        """1 / sigma. Raises LevelError at sigma = 0."""
        return _reciprocal(level.sigma, "an x0 parameterisation at sigma = 0: x_t is x_0 there; choose a noisier level")


@dataclass(frozen=True)
class V:
    """v = alpha eps - sigma x_0 (Salimans and Ho 2022, appendix D), finite at both ends of every schedule.

    On a variance-preserving schedule r^2 = alpha^2 + sigma^2 is 1, and this is the paper's formula.
    """

    kind: ClassVar[str] = "v"

    def target(self, x_0: State, eps: State, level: Level, /) -> State:
        """alpha eps - sigma x_0."""
        return level.alpha * eps - level.sigma * x_0

    def read(self, output: State, x_t: State, level: Level, /) -> Prediction:
        """x0_hat = (alpha x_t - sigma v) / r^2, eps_hat = (sigma x_t + alpha v) / r^2."""
        r_squared = level.alpha**2 + level.sigma**2
        x0_hat = (level.alpha * x_t - level.sigma * output) / r_squared
        return Prediction(x_t, level, x0_hat, (level.sigma * x_t + level.alpha * output) / r_squared)

    def scale_in(self, level: Level, /) -> Scalar:
        """1."""
        return 1.0

    def sensitivity(self, level: Level, /) -> Scalar:
        """1 / r^2."""
        return 1.0 / (level.alpha**2 + level.sigma**2)


@dataclass(frozen=True)
class Flow:
    """u = eps - x_0, the velocity d x_t / d t of rectified flow (Liu et al. 2022), finite at both ends.

    Defined where alpha + sigma = 1, which is that schedule; elsewhere ScheduleError. The papers run time the other
    way, with the opposite sign.
    """

    kind: ClassVar[str] = "flow"

    def target(self, x_0: State, eps: State, level: Level, /) -> State:
        """eps - x_0. Raises ScheduleError where alpha + sigma is not 1."""
        _straight(level)
        return eps - x_0

    def read(self, output: State, x_t: State, level: Level, /) -> Prediction:
        """x0_hat = x_t - sigma u, eps_hat = x_t + alpha u. Raises ScheduleError where alpha + sigma is not 1."""
        _straight(level)
        return Prediction(x_t, level, x_t - level.sigma * output, x_t + level.alpha * output)

    def scale_in(self, level: Level, /) -> Scalar:
        """1."""
        return 1.0

    def sensitivity(self, level: Level, /) -> Scalar:
        """1."""
        return 1.0


@dataclass(frozen=True)
class Edm:
    """The F of Karras et al. 2022, table 1, for any schedule, finite at both ends.

    With y = x_t / alpha, s = sigma / alpha and d = sigma_data the paper has x0_hat = c_skip y + c_out F(c_in y), where
    c_skip = d^2 / (s^2 + d^2), c_out = s d / sqrt(s^2 + d^2), c_in = 1 / sqrt(s^2 + d^2). With n^2 = sigma^2 +
    alpha^2 d^2 these are the formulas below, in which alpha no longer divides. F = -v where d = 1 and r = 1.
    """

    kind: ClassVar[str] = "edm"
    sigma_data: float = 0.5

    def __post_init__(self) -> None:
        """Refuse an impossible spread of the data."""
        if not 0.0 < self.sigma_data < float("inf"):
            raise ScheduleError(f"sigma_data = {self.sigma_data}: the spread of the data must be positive (0.5 in EDM)")

    def target(self, x_0: State, eps: State, level: Level, /) -> State:
        """(sigma x_0 - alpha sigma_data^2 eps) / (sigma_data n)."""
        signal = level.sigma * x_0 - level.alpha * self.sigma_data**2 * eps
        return signal * self.scale_in(level) / self.sigma_data

    def read(self, output: State, x_t: State, level: Level, /) -> Prediction:
        """x0_hat = alpha sigma_data^2 x_t / n^2 + sigma sigma_data F / n, and the eps_hat that goes with it."""
        c_in = self.scale_in(level)
        x0_hat = level.alpha * self.sigma_data**2 * c_in**2 * x_t + level.sigma * self.sigma_data * c_in * output
        eps_hat = level.sigma * c_in**2 * x_t - level.alpha * self.sigma_data * c_in * output
        return Prediction(x_t, level, x0_hat, eps_hat)

    def scale_in(self, level: Level, /) -> Scalar:
        """1 / n: what the network sees has unit variance."""
        return (level.sigma**2 + level.alpha**2 * self.sigma_data**2) ** -0.5

    def sensitivity(self, level: Level, /) -> Scalar:
        """sigma_data / n."""
        return self.sigma_data * self.scale_in(level)


PARAMETERISATIONS = Registry("parameterisation", {cls.kind: cls for cls in (Eps, X0, V, Flow, Edm)})


def parameterisation_from(options: Mapping[str, Any]) -> Parameterisation:
    """The parameterisation that `options` describe: {"kind": "flow"}. Raises ScheduleError, naming the near ones."""
    return PARAMETERISATIONS.build(options)


def parameterisation_to(parameterisation: Parameterisation) -> dict[str, Any]:
    """The options of a parameterisation, ready for JSON."""
    return PARAMETERISATIONS.describe(parameterisation)


def _straight(level: Level) -> None:
    """Refuse a level off the straight line from data to noise; float32 levels may miss it by their rounding."""
    gap = abs(level.alpha + level.sigma - 1.0)
    if (gap if isinstance(gap, float | int) else float(gap.max())) > 1e-5:
        raise ScheduleError("flow needs alpha + sigma = 1: use the rectified schedule, or v on this one")


def _reciprocal(value: Scalar, complaint: str) -> Scalar:
    if isinstance(value, float) and value == 0.0:
        raise LevelError(complaint)
    return 1.0 / value
