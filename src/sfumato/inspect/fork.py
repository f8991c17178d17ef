"""A picture drawn in legs: up to a step as one recipe says, from there on as another.

What a sampler remembers (the beliefs of multistep methods) goes on over a fork wherever sampler, grid and steps stay
the same; so a fork that changes nothing ends in the same picture, bit for bit. Where one of these changes, the new
sampler begins at the state that was reached, without a memory, along those levels of its own grid that lie below.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise

from sfumato.errors import RecipeError
from sfumato.pipeline import Bundle, Decoded, Encoded, Event, check, encode, guidance_of
from sfumato.process.grid import GRIDS
from sfumato.process.prediction import Prediction
from sfumato.process.schedule import Level
from sfumato.recipe import Recipe
from sfumato.rng import PerSample
from sfumato.samplers import sampler_from
from sfumato.types import Latent, State


@dataclass(frozen=True, kw_only=True)
class Leg:
    """From step `start` on, as `recipe` says: prompts, guidance, seed of the sampler's noise, sampler, grid, steps."""

    recipe: Recipe
    start: int = 0


def fork(bundle: Bundle, legs: Sequence[Leg], beliefs: Sequence[Prediction] = ()) -> Iterator[Event]:
    """`trace` in legs: an Encoded at the beginning of each, then its Steps; Decoded at the end.

    The noise that drawing begins with is that of the first leg's seed. beliefs: what was believed on the way to the
    last leg, in order (stream.evaluations of its steps): where given, the network is not asked again.

    Raises:
        RecipeError: the legs are of different pictures, not in order, or longer than the way.
    """
    _refuse(bundle, legs)
    pilot, steps, x, here, done = _Pilot(bundle, beliefs), iter(()), None, None, 0
    for number, leg in enumerate(legs):
        again = number == 0 or _path(leg) != _path(legs[number - 1])
        levels = _levels(bundle, leg.recipe, here) if again else pilot.levels
        yield pilot.turn(leg, levels)
        if x is None:
            x = pilot.start()
        if again:
            pilot.offset = done
            steps = sampler_from(leg.recipe.sampler)(pilot.denoise, x, levels, pilot.noise)
        until = legs[number + 1].start - leg.start if number + 1 < len(legs) else None
        for step in islice(steps, until):
            x, here, done = step.x_next, step.there, done + 1
            yield replace(step, i=pilot.offset + step.i)
        if until is not None and (done < legs[number + 1].start or step_is_last(here)):
            raise RecipeError(
                f"a fork at step {legs[number + 1].start}; the way has {done}, and the last has no sequel"
            )
    assert x is not None
    yield Decoded(x, bundle.autoencoder.decode(x))


def step_is_last(there: Level | None) -> bool:
    """Whether nothing can follow: the level is clean."""
    return there is not None and there.sigma == 0.0


class _Pilot:
    """Believes and draws noise as the present leg says, and repeats what is known already."""

    def __init__(self, bundle: Bundle, beliefs: Sequence[Prediction]) -> None:
        self.bundle, self.offset = bundle, 0
        self.known: Iterator[Prediction] = iter(beliefs)
        self.levels: tuple[Level, ...] = ()

    def turn(self, leg: Leg, levels: tuple[Level, ...]) -> Encoded:
        """Take up a leg."""
        recipe, self.levels = leg.recipe, levels
        self.guidance, self.drawn = guidance_of(self.bundle, recipe), PerSample((recipe.seed,))
        self.cond, self.null = (encode(self.bundle.conditioner, [words]) for words in (recipe.prompt, recipe.negative))
        self.size = recipe.size
        return Encoded((recipe,), self.cond, self.null, levels)

    def start(self) -> Latent:
        """x_T of the present leg."""
        (width, height), coder, level = self.size, self.bundle.autoencoder, self.levels[0]
        shape = (coder.channels, height // coder.factor, width // coder.factor)
        return self.drawn.initial(shape, self.cond.tokens) * math.hypot(level.alpha, level.sigma)

    def denoise(self, x_t: State, level: Level, /) -> Prediction:
        """What was believed, or is believed now."""
        known = next(self.known, None)
        if known is None:
            return self.guidance(self.bundle.denoiser, x_t, level, self.cond, self.null)
        if known.level.t != level.t:
            raise RecipeError(f"the beliefs given are of another way: t = {known.level.t}, expected {level.t}")
        return known

    def noise(self, step: int, draw: int, like: State, /) -> State:
        """The noise of the whole way's step."""
        return self.drawn(self.offset + step, draw, like)


def _levels(bundle: Bundle, recipe: Recipe, here: Level | None) -> tuple[Level, ...]:
    """The recipe's levels, or those below the one that was reached, after it."""
    levels = tuple(GRIDS[recipe.grid](bundle.schedule, recipe.steps))
    return levels if here is None else (here, *(level for level in levels if level.t < here.t))


def _path(leg: Leg) -> tuple[object, ...]:
    """What a sampler's memory depends on."""
    return leg.recipe.sampler, leg.recipe.grid, leg.recipe.steps


def _refuse(bundle: Bundle, legs: Sequence[Leg]) -> None:
    """Raise RecipeError for legs that do not make one way."""
    if not legs or legs[0].start != 0 or any(a.start >= b.start for a, b in pairwise(legs[1:])):
        raise RecipeError(f"legs start at {[leg.start for leg in legs]}; expected 0, then later and later steps")
    for leg in legs:
        check(bundle, [leg.recipe])
        if leg.recipe.between or leg.recipe.microbatch != 1 or leg.recipe.size != legs[0].recipe.size:
            raise RecipeError("a fork is of one picture of one size, drawn alone (microbatch 1), not between two")
