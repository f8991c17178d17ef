"""A picture while it comes about: what the model believes it to be, at every evaluation of its network."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

from sfumato.canvas import Canvas
from sfumato.picture import Picture
from sfumato.pipeline import Bundle, Decoded, trace
from sfumato.recipe import Recipe
from sfumato.samplers.base import Step


@runtime_checkable
class Finish(Protocol):
    """From the last event of a trace to its pictures (Model.finish)."""

    def __call__(self, group: Sequence[Recipe], event: Decoded, canvas: Canvas | None, /) -> list[Picture]:
        """One for each recipe."""
        ...


def beliefs(bundle: Bundle, recipe: Recipe, finish: Finish, canvas: Canvas | None = None) -> Iterator[Picture]:
    """The decoded x0_hat of each evaluation as soon as it is there; in the last one's place the finished picture.

    All carry the recipe, which makes the last; the notes of the others say that they are not it. Leaving the loop ends
    the work.
    """
    count, steps = 0, recipe.steps
    for event in trace(bundle, recipe, under=None if canvas is None else canvas.under):
        if isinstance(event, Step):
            for belief in event.beliefs[: -1 if event.there.sigma == 0.0 else None]:
                count += 1
                image = bundle.autoencoder.decode(belief.x0_hat)
                (picture,) = finish([recipe], Decoded(belief.x0_hat, image), canvas)
                note = f"what was believed after evaluation {count}, in step {event.i + 1} of {steps}"
                yield replace(picture, notes=(*picture.notes, note))
        elif isinstance(event, Decoded):
            yield from finish([recipe], event, canvas)
