"""What a training run tells a progress bar, a log or a test: the loop yields these and prints nothing."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A sign of life, about twice a second: pictures shown, and pictures per second of late."""

    images: int
    rate: float
    loss: float


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """Means since the last one: the training loss, the gradient's norm before clipping, and the learning rate now."""

    images: int
    loss: float
    norm: float
    lr: float
    rate: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Sensitivity:
    """What the caption is worth: how much the loss grows with another row's caption in the place of the own one.

    gain and its standard error by noise level; mean over the levels with a 95 % interval (train/sensitivity.py).
    """

    gain: tuple[float, ...]
    error: tuple[float, ...]
    mean: float
    interval: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """The loss of the averaged weights on fixed val rows with fixed noise: mean and standard error by noise level.

    caption: what the captions are worth; None where there are none to exchange.
    """

    images: int
    levels: tuple[float, ...]
    loss: tuple[float, ...]
    error: tuple[float, ...]
    caption: Sensitivity | None = None

    @property
    def mean(self) -> float:
        """The mean over the noise levels."""
        return sum(self.loss) / len(self.loss)


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A sheet of samples was written."""

    images: int
    path: Path


@dataclass(frozen=True, kw_only=True)
class Saved:
    """A checkpoint was written."""

    images: int
    path: Path


@dataclass(frozen=True, kw_only=True)
class Horizon:
    """A run that ends by the clock decided where: at `end`, the cool-down taking `cooldown` images up to there.

    spent: seconds of its budget used so far.
    """

    images: int
    end: int
    cooldown: int
    spent: float


@dataclass(frozen=True, kw_only=True)
class Note:
    """Something to tell the user: a fallback, a new horizon, a start from given weights."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Finished:
    """The run stopped. complete: it reached its horizon, rather than being asked to stop."""

    images: int
    complete: bool


Event = Tick | Metrics | HeldOut | Sheet | Saved | Horizon | Note | Finished
