"""A run that is kept whole: every step with what it looked like, so that it can be questioned after its end."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import UInt8

from sfumato.arrays import as_numpy
from sfumato.inspect.fork import Leg, fork
from sfumato.model import Model
from sfumato.picture import Picture, to_bytes
from sfumato.pipeline import Decoded, Encoded, Event, trace
from sfumato.process.prediction import Prediction
from sfumato.recipe import Recipe
from sfumato.samplers.base import Step
from sfumato.types import Image, Latent

RUNS, BYTES = 40, 384 << 20
"""How many runs are kept, and how many bytes of them: the oldest make room."""

Seen = UInt8[np.ndarray, "H W 3"]


@dataclass(frozen=True, eq=False)
class Kept:
    """A step, what the state and the guess look like decoded (over white), and how long the step took."""

    step: Step
    state: Seen
    guess: Seen
    seconds: float

    @property
    def bytes(self) -> int:
        """Memory, about."""
        belief = self.step.prediction
        arrays = 2 + 3 * (1 + len(belief.terms) + len(self.step.extra))
        return self.state.nbytes + self.guess.nbytes + arrays * as_numpy(belief.x_t).nbytes


@dataclass(eq=False)
class Run:
    """One picture on its way, in one leg or, forked, in several. `advance` is called in the desk's thread alone.

    before: the steps that it shares with the run it was forked from. error: why it failed.
    """

    legs: tuple[Leg, ...]
    parent: str = ""
    before: tuple[Kept, ...] = ()
    imported: bool = False
    state: Literal["waiting", "running", "done", "stopped", "failed"] = "waiting"
    error: str = ""
    encoded: Encoded | None = None
    kept: list[Kept] = field(default_factory=list)
    latent: Latent | None = None
    image: Image | None = None
    picture: Picture | None = None
    born: float = field(default_factory=time.monotonic)
    _events: Iterator[Event] | None = None

    @property
    def recipe(self) -> Recipe:
        """As the run says at its end."""
        return self.legs[-1].recipe

    @property
    def at(self) -> int:
        """The step at which the last leg begins."""
        return self.legs[-1].start

    @property
    def steps(self) -> int:
        """How many it will have in the end, as far as is known."""
        if self.encoded is None:
            return len(self.kept) or self.recipe.steps
        here = self.kept[-1].step.there.t if self.kept else 2.0
        return len(self.kept) + sum(level.t < here for level in self.encoded.levels) - (not self.kept)

    @property
    def bytes(self) -> int:
        """Memory, about; what is shared with a parent is counted twice."""
        return sum(kept.bytes for kept in self.kept)

    def beliefs(self, steps: int) -> list[Prediction]:
        """What was believed in the first steps, in order."""
        return beliefs_of(self.kept[:steps])

    def advance(self, model: Model) -> Event | None:
        """Take the next event and keep it; None at the end."""
        if self.state not in ("waiting", "running"):
            return None
        if self._events is None:
            self._events = self._begun(model)
            self.state = "running"
        begin = time.perf_counter()
        event = next(self._events, None)
        if isinstance(event, Encoded):
            self.encoded = event
        elif isinstance(event, Step):
            known = self.before[len(self.kept)] if len(self.kept) < len(self.before) else None
            seconds = time.perf_counter() - begin
            self.kept.append(known or Kept(event, *seen(model, event), seconds))
        elif isinstance(event, Decoded):
            self.finish(model, event)
        return event

    def finish(self, model: Model, end: Decoded) -> None:
        """The picture is there."""
        self.latent, self.image = end.latent, end.image
        (self.picture,) = model.finish([self.recipe], end)
        self.state = "done"

    def leave(self, error: str = "") -> None:
        """Nobody asks for more: what there is stays."""
        if self.state in ("waiting", "running"):
            self.state, self.error = ("failed" if error else "stopped"), error
        self._events = None

    def _begun(self, model: Model) -> Iterator[Event]:
        if len(self.legs) == 1:
            return trace(model.bundle, self.recipe)
        return fork(model.bundle, self.legs, beliefs_of(self.before))


def seen(model: Model, step: Step) -> tuple[Seen, Seen]:
    """x_t and x0_hat of a step, decoded, over white."""
    belief = step.prediction
    return picture_of(model, belief.x_t), picture_of(model, belief.x0_hat)


def picture_of(model: Model, latent: Latent) -> Seen:
    """What a latent looks like, over white."""
    return to_bytes(model.bundle.autoencoder.decode(latent))[0]


def beliefs_of(kept: Sequence[Kept]) -> list[Prediction]:
    """What was believed in these steps, each once, in order."""
    return [belief for one in kept for belief in one.step.beliefs]
