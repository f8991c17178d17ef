"""From a prompt to a picture, in one page [trail 1].

    c     = E(prompt)                           the text as token states
    x_T   = noise(seed)                         N(0, I), from the seed alone
    x_s   = step(x_t, D(x_t, t, c))             a belief about the picture, then a step towards it, n times
    image = decode(x_0)

It may begin from a picture instead (underpainting.py), or lie between two prompts and seeds (between.py).

`trace` yields each of these as it happens; `generate` only drains it. The caller owns the loop: leaving it cancels,
not asking for the next event pauses. Nothing here needs torch: the arrays are whatever the bundle's parts speak.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from typing import Any

from sfumato.autoencoder import Autoencoder
from sfumato.autoguidance import Auto, Weak
from sfumato.between import BetweenNoise, between_prompts
from sfumato.choices import choose, near
from sfumato.conditioner import Conditioner, Conditioning
from sfumato.denoiser import Denoiser
from sfumato.errors import RecipeError
from sfumato.guidance import GUIDANCES, Guidance
from sfumato.padding import first
from sfumato.process.grid import GRIDS
from sfumato.process.prediction import Prediction
from sfumato.process.schedule import Level, Schedule
from sfumato.recipe import Recipe
from sfumato.rng import PerSample
from sfumato.samplers import SAMPLERS
from sfumato.samplers.base import Step
from sfumato.thresholding import bounded
from sfumato.types import Image, Latent
from sfumato.underpainting import Underpainting, over


@dataclass(frozen=True, eq=False, kw_only=True)
class Bundle:
    """A model whole: text encoder, denoiser, autoencoder and schedule, with what the model says of itself."""

    name: str
    model_hash: str
    conditioner: Conditioner
    denoiser: Denoiser
    autoencoder: Autoencoder
    schedule: Schedule
    sizes: tuple[tuple[int, int], ...]
    dtype: str = "float32"
    defaults: Mapping[str, Any] = field(default_factory=dict)
    card: Mapping[str, Any] = field(default_factory=dict)
    engine: Mapping[str, Any] = field(default_factory=dict)
    weak: Weak | None = None


@dataclass(frozen=True, eq=False)
class Encoded:
    """The prompt has become numbers: the first event, before any noise is drawn."""

    recipes: tuple[Recipe, ...]
    cond: Conditioning
    null: Conditioning
    levels: tuple[Level, ...]


@dataclass(frozen=True, eq=False)
class Decoded:
    """The last event: the pictures [b, 3, H, W], about [-1, 1]; [b, 4, H, W] from a model that knows alpha."""

    latent: Latent
    image: Image


Event = Encoded | Step | Decoded


def trace(bundle: Bundle, *recipes: Recipe, under: Underpainting | None = None) -> Iterator[Event]:
    """Make the pictures of one microbatch, yielding everything on the way: Encoded, a Step for each level, Decoded.

    under: the picture that the recipes begin from, where they name one.

    The recipes may differ in prompts and seeds alone. Every call of the network has the batch that the recipe states:
    where there are fewer recipes the last one fills the places, and its copies are cut from what is yielded. Each
    prompt is encoded by itself. So the arithmetic of a picture is the same alone and in company.

    Raises:
        RecipeError: the recipes disagree, or the model cannot do what they ask.
    """
    recipe, n = check(bundle, recipes, under), len(recipes)
    filled = recipes + recipes[-1:] * (recipe.microbatch - n)
    sampler = choose(SAMPLERS, recipe.sampler, "sampler")
    guidance = guidance_of(bundle, recipe)
    levels = tuple(GRIDS[recipe.grid](bundle.schedule, recipe.steps))[-recipe.visits - 1 :]
    cond = encode(bundle.conditioner, [r.prompt for r in filled])
    null = encode(bundle.conditioner, [r.negative for r in filled])
    noise: PerSample | BetweenNoise = PerSample(tuple(r.seed for r in filled))
    if recipe.between:
        cond, noise = on_the_way(bundle.conditioner, filled, cond, noise)
    yield Encoded(recipes, cond, null, levels)

    start, (width, height), f = levels[0], recipe.size, bundle.autoencoder.factor
    eps = noise.initial((bundle.autoencoder.channels, height // f, width // f), cond.tokens)
    x = eps * math.hypot(start.alpha, start.sigma)

    def denoise(x_t: Latent, level: Level, /) -> Prediction:
        return guidance(bundle.denoiser, x_t, level, cond, null)

    if under is not None:
        x, denoise = over(bundle.autoencoder, under, eps, start, denoise)

    for step in sampler(denoise, x, levels, noise):
        x = step.x_next
        yield first(step, n) if n < len(filled) else step
    yield Decoded(x[:n], bundle.autoencoder.decode(x)[:n])


def generate(bundle: Bundle, *recipes: Recipe, under: Underpainting | None = None) -> Image:
    """The pictures [b, 3, H, W] of one microbatch: `trace`, drained."""
    pictures = [event.image for event in trace(bundle, *recipes, under=under) if isinstance(event, Decoded)]
    return pictures[0]


def groups(recipes: Sequence[Recipe]) -> Iterator[tuple[Recipe, ...]]:
    """Neighbours that can share a microbatch, at most as many as it holds."""
    group: list[Recipe] = []
    for recipe in recipes:
        if group and (len(group) == recipe.microbatch or not recipe.agrees(group[0])):
            yield tuple(group)
            group = []
        group.append(recipe)
    if group:
        yield tuple(group)


def encode(conditioner: Conditioner, prompts: Sequence[str]) -> Conditioning:
    """Each prompt by itself, then side by side; a prompt that comes twice is encoded once."""
    states = {prompt: conditioner([prompt]) for prompt in dict.fromkeys(prompts)}
    return reduce(add, (states[prompt] for prompt in prompts))


def guidance_of(bundle: Bundle, recipe: Recipe) -> Guidance:
    """What the recipe names, with the weak model of the bundle beside it where it needs one, and within its bounds."""
    guidance = choose(GUIDANCES, recipe.guidance, "guidance")
    guidance = guidance.beside(bundle.weak) if isinstance(guidance, Auto) else guidance
    return bounded(guidance, recipe.threshold) if recipe.threshold else guidance


def on_the_way(
    conditioner: Conditioner, recipes: Sequence[Recipe], cond: Conditioning, noise: PerSample
) -> tuple[Conditioning, BetweenNoise]:
    """Text and noise of pictures between two prompts and two seeds."""
    ways = [recipe.between for recipe in recipes]
    shares = tuple(float(way["share"]) for way in ways)
    others = PerSample(tuple(way["seed"] for way in ways))
    ends = encode(conditioner, [way["prompt"] for way in ways])
    return between_prompts(cond, ends, shares), BetweenNoise(noise, others, shares)


def check(bundle: Bundle, recipes: Sequence[Recipe], under: Underpainting | None = None) -> Recipe:
    """The recipe that all share but for prompt and seed. Raises RecipeError where the model cannot do it."""
    if not recipes:
        raise RecipeError("no recipe was given; one picture needs one recipe")
    recipe = recipes[0]
    if not all(recipe.agrees(other) for other in recipes):
        raise RecipeError(
            "the recipes of one batch differ in more than prompt and seed; trace them one after the other"
        )
    if (recipe.model_hash, recipe.dtype) != (bundle.model_hash, bundle.dtype):
        asked, loaded = (
            f"{h[:12]} in {d}" for h, d in ((recipe.model_hash, recipe.dtype), (bundle.model_hash, bundle.dtype))
        )
        raise RecipeError(
            f"the recipe is for a model {asked}, but {bundle.name!r} is {loaded}; load the model that the recipe names"
        )
    if len(recipes) > recipe.microbatch:
        raise RecipeError(
            f"{len(recipes)} recipes for a batch of {recipe.microbatch}; trace them in groups, or raise microbatch"
        )
    if recipe.steps > bundle.schedule.T:
        raise RecipeError(f"steps is {recipe.steps}; the schedule of {bundle.name!r} has 1..{bundle.schedule.T}")
    if recipe.size not in bundle.sizes:
        sizes = ", ".join(f"{w}x{h}" for w, h in bundle.sizes)
        raise RecipeError(
            f"size {recipe.size[0]}x{recipe.size[1]} is not supported by {bundle.name!r}; it draws {sizes}"
        )
    if recipe.background != "white" and bundle.autoencoder.colours != 4:
        raise RecipeError(
            f"background is {recipe.background!r}, but the pictures of {bundle.name!r} are opaque; leave it out, "
            "or take a model that knows alpha"
        )
    wanted, given = (recipe.init, recipe.mask), ("", "") if under is None else (under.init, under.mask)
    if wanted != given:
        asked, found = (" and mask ".join(digest[:12] or "none" for digest in pair) for pair in (wanted, given))
        raise RecipeError(f"the recipe begins from the picture {asked}, given is {found}; give the recipe's own files")
    guidance_of(bundle, recipe)
    if recipe.grid not in GRIDS:
        raise RecipeError(f"unknown grid {recipe.grid!r}; {near(recipe.grid, GRIDS)}")
    return recipe
