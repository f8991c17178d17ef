"""What a network is told of the noise level: one small frozen callable each, and the closed table of their names."""

from dataclasses import dataclass

from sfumato.arrays import log
from sfumato.process.schedule import Level
from sfumato.types import Scalar


@dataclass(frozen=True, kw_only=True)
class Time:
    """scale * t: continuous time, on the range that sinusoidal embeddings were made for."""

    scale: float = 1000.0

    def __call__(self, level: Level, /) -> Scalar:
        """A number in [0, scale]."""
        return self.scale * level.t


@dataclass(frozen=True, kw_only=True)
class Index:
    """i - 1, the zero-based integer step of DDPM's and Stable Diffusion's code; T t - 1 between the integers."""

    T: int = 1000

    def __call__(self, level: Level, /) -> Scalar:
        """A number in [-1, T - 1]."""
        return level.i - 1.0 if level.i is not None else self.T * level.t - 1.0


@dataclass(frozen=True, kw_only=True)
class QuarterLogSigma:
    """log(sigma / alpha) / 4: c_noise of Karras et al. 2022, table 1."""

    def __call__(self, level: Level, /) -> Scalar:
        """About [-1.6, 1.1] for sigma / alpha in [0.002, 80]."""
        return 0.25 * log(level.sigma_edm)


CLOCKS = {"time": Time, "index": Index, "quarter-log-sigma": QuarterLogSigma}
"""The closed table of clocks by the names that model folders use."""
