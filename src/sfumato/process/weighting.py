"""How much each level counts in training: the factor before |target - output|^2.

One weighting serves every parameterisation: a change of 1 in the output moves x0_hat by sigma times the
parameterisation's sensitivity, so a weight stated for the error of x0_hat becomes one for the error of the output.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

from sfumato.errors import ScheduleError
from sfumato.process.prediction import Parameterisation
from sfumato.process.registry import Registry
from sfumato.process.schedule import Level
from sfumato.types import Scalar


@runtime_checkable
class Weighting(Protocol):
    """A weight for each level, given what the network outputs."""

    def __call__(self, level: Level, parameterisation: Parameterisation, /) -> Scalar:
        """The factor before the squared error of the output."""
        ...


@dataclass(frozen=True)
class Simple:
    """1, whatever is predicted: DDPM's L_simple for eps (Ho et al. 2020, eq. 14)."""

    kind: ClassVar[str] = "simple"

    def __call__(self, level: Level, parameterisation: Parameterisation, /) -> Scalar:
        """1."""
        return 1.0


@dataclass(frozen=True)
class MinSnr:
    """min(SNR, gamma) before the error of x0_hat (Hang et al. 2023).

    For eps that is min(1, gamma / SNR), for v on a variance-preserving schedule min(SNR, gamma) / (SNR + 1).
    """

    kind: ClassVar[str] = "min-snr"
    gamma: float = 5.0

    def __post_init__(self) -> None:
        """Refuse an impossible cap."""
        if not 0.0 < self.gamma < float("inf"):
            raise ScheduleError(f"gamma = {self.gamma}: the cap of min-SNR must be positive (5 in the paper)")

    def __call__(self, level: Level, parameterisation: Parameterisation, /) -> Scalar:
        """min(alpha^2, gamma sigma^2) sensitivity^2: sigma^2 cancels, so that the clean end is regular."""
        return _least(level.alpha**2, self.gamma * level.sigma**2) * parameterisation.sensitivity(level) ** 2


@dataclass(frozen=True)
class EdmWeighting:
    """(s^2 + d^2) / (s d)^2 before the error of x0_hat, s = sigma / alpha, d = sigma_data (Karras et al. 2022).

    For EDM's own F of the same sigma_data that is 1.
    """

    kind: ClassVar[str] = "edm"
    sigma_data: float = 0.5

    def __post_init__(self) -> None:
        """Refuse an impossible spread of the data."""
        if not 0.0 < self.sigma_data < float("inf"):
            raise ScheduleError(f"sigma_data = {self.sigma_data}: the spread of the data must be positive (0.5 in EDM)")

    def __call__(self, level: Level, parameterisation: Parameterisation, /) -> Scalar:
        """(sigma^2 + alpha^2 sigma_data^2) / sigma_data^2 sensitivity^2."""
        total = level.sigma**2 + level.alpha**2 * self.sigma_data**2
        return total / self.sigma_data**2 * parameterisation.sensitivity(level) ** 2


@dataclass(frozen=True)
class FlowWeighting:
    """The error of u = eps - x_0, whatever is predicted: ((alpha + sigma) / sigma)^2 before the error of x0_hat.

    With an x0 parameterisation on the rectified schedule this is the v-loss of Li and He 2025, "Back to basics: let
    denoising generative models denoise" (their v is our -u); for flow it is 1. Their division by sigma stops at
    `floor`: below it the weight is that of the error of x0_hat alone, so that it stays bounded.
    """

    kind: ClassVar[str] = "flow"
    floor: float = 0.05

    def __post_init__(self) -> None:
        """Refuse a floor that bounds nothing."""
        if not 0.0 < self.floor < 1.0:
            raise ScheduleError(f"floor = {self.floor}: a noise level above 0 and below 1 (0.05 in the paper)")

    def __call__(self, level: Level, parameterisation: Parameterisation, /) -> Scalar:
        """(alpha + sigma)^2 min(1, sigma / floor)^2 sensitivity^2."""
        bounded = _least(level.sigma**2, self.floor**2) / self.floor**2
        return (level.alpha + level.sigma) ** 2 * bounded * parameterisation.sensitivity(level) ** 2


WEIGHTINGS = Registry("weighting", {cls.kind: cls for cls in (Simple, MinSnr, EdmWeighting, FlowWeighting)})


def weighting_from(options: Mapping[str, Any]) -> Weighting:
    """The weighting that `options` describe: {"kind": "min-snr"}. Raises ScheduleError, naming the near ones."""
    return WEIGHTINGS.build(options)


def weighting_to(weighting: Weighting) -> dict[str, Any]:
    """The options of a weighting, ready for JSON."""
    return WEIGHTINGS.describe(weighting)


def _least(a: Scalar, b: Scalar) -> Scalar:
    """The smaller of each pair, in operators that every array library has."""
    return (a < b) * a + (a >= b) * b
