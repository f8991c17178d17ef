"""What another program ordered: pictures drawn one after another, a step at a time, to be left at any."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from sfumato.model import Model
from sfumato.picture import Picture
from sfumato.pipeline import Decoded, Encoded, Event, trace
from sfumato.recipe import Recipe
from sfumato.samplers.base import Step

COUNT = 10
"""The most pictures of one order."""


@dataclass(eq=False)
class Order:
    """One picture for each recipe. `advance` is called in the desk's thread alone.

    at: the picture that is drawn now. encoded, step: the newest of it. places: what was drawn so far, in positions of
    the latent. interrupted: nothing more is drawn. skipped: the picture under way is given up.
    """

    recipes: tuple[Recipe, ...]
    pictures: list[Picture] = field(default_factory=list)
    at: int = 0
    encoded: Encoded | None = None
    step: Step | None = None
    places: int = 0
    interrupted: bool = False
    skipped: bool = False
    born: float = field(default_factory=time.time)
    _events: Iterator[Event] | None = None

    @property
    def progress(self) -> float:
        """The share of all steps that are made, 0..1."""
        steps = self.recipes[0].steps
        taken = 0 if self.step is None else self.step.i + 1
        return min(1.0, (self.at + taken / steps) / len(self.recipes))

    def advance(self, model: Model) -> Event | None:
        """Take the next event; None at the end."""
        if self.skipped and self._events is not None:
            self._next()
        if self.interrupted or self.at == len(self.recipes):
            return None
        recipe = self.recipes[self.at]
        if self._events is None:
            self._events = trace(model.bundle, recipe)
        event = next(self._events)
        if isinstance(event, Encoded):
            self.encoded = event
        elif isinstance(event, Step):
            self.step = event
        else:
            assert isinstance(event, Decoded)
            self.pictures += model.finish([recipe], event)
            self.places += event.latent.shape[2] * event.latent.shape[3]
            self._next()
        return event

    def _next(self) -> None:
        """Leave the picture under way; the next one begins at the next call."""
        self.at, self.skipped, self.step, self._events = self.at + 1, False, None, None
