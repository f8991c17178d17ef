"""What a sampler is: a frozen bag of options that, called with a denoiser and a list of levels, yields its steps.

The caller owns the loop: stopping is `break`, pausing is not calling `next`, looking is reading the Step. A sampler
keeps its state in local variables, so one object serves any number of runs at once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

from sfumato.process.prediction import Prediction
from sfumato.process.schedule import Level
from sfumato.types import State


@runtime_checkable
class Denoise(Protocol):
    """A belief about a state at a level: a network with its prompt and guidance bound, or an oracle."""

    def __call__(self, x: State, level: Level, /) -> Prediction:
        """Answer with x0_hat and eps_hat for `x` at `level`."""
        ...


@runtime_checkable
class Noise(Protocol):
    """Fresh N(0, I) as a pure function of (step, draw), shaped like its last argument."""

    def __call__(self, step: int, draw: int, like: State, /) -> State:
        """The noise of this step and draw; the same call gives the same numbers."""
        ...


@dataclass(frozen=True, eq=False)
class Step:
    """One move from `here` to `there`: what was believed at x_t (prediction.x_t) and where it led.

    `extra` holds the further evaluations that the step took: correctors, midpoints, warm-up slopes.
    Yielded arrays are never modified afterwards.
    """

    i: int
    here: Level
    there: Level
    prediction: Prediction
    x_next: State
    extra: tuple[Prediction, ...] = ()

    @property
    def beliefs(self) -> list[Prediction]:
        """What the network said in this step, in order, each once: a corrected state has no belief of its own."""
        found = [self.prediction]
        for belief in self.extra:
            if all(belief.x0_hat is not other.x0_hat for other in found):
                found.append(belief)
        return found


@runtime_checkable
class Sampler(Protocol):
    """A frozen dataclass of options with a stated order of convergence, proved in tests/proofs/test_order.py."""

    order: ClassVar[int]

    def __call__(self, denoise: Denoise, x: State, levels: Sequence[Level], noise: Noise, /) -> Iterator[Step]:
        """Yield a Step for each consecutive pair of `levels`, starting from x at levels[0]."""
        ...
