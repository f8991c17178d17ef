"""How a run that is resumed goes on: what of the changes asked for is one, and what of its end follows from them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sfumato.train.pace import COOLDOWN, resumed
from sfumato.train.rate import ending
from sfumato.train.reading import changed, recipe_from
from sfumato.train.recipe import Rate, TrainRecipe

Known = Mapping[str, Any]
"""What a run's run.json says."""
AT_ITS_END = "the run is at its end; --cooldown N takes it N pictures further"


def changes_to(
    known: Known, entries: Sequence[Mapping[str, Any]], images: int, asked: Sequence[str], cooldown: int
) -> list[str]:
    """The changes `asked` that change anything, and those by which the run, at `images`, ends in `cooldown` images.

    A run by the clock that is told a number of pictures instead is off the clock; where the clock had decided of no
    cool-down yet, it is COOLDOWN of what is left.
    """
    recipe = recipe_from(known["recipe"])
    was = resumed(recipe.rate, entries, reopened_at(known))
    newest = {change.partition("=")[0].strip(): change for change in asked}.values()
    changes = [c for c in newest if recipe_from(changed(known["recipe"], [c])) != recipe]
    told = recipe_from(changed(known["recipe"], changes)).rate
    changes += ending(was, images, cooldown)
    if was.seconds and told.seconds == was.seconds and (told.images or cooldown):
        changes.append("rate.seconds=0")
        if not (told.cooldown or cooldown):
            changes.append(f"rate.cooldown={was.cooldown or max(0, round(COOLDOWN * (told.images - images)))}")
    return changes


def rate_from(known: Known, recipe: TrainRecipe, entries: Iterable[Mapping[str, Any]], images: int) -> Rate:
    """The rate of the run from here on: by the clock, as last decided, or open again where it was given more time."""
    return resumed(recipe.rate, entries, images if has_more_time(known, recipe) else reopened_at(known))


def changes_made(known: Known, recipe: TrainRecipe, images: int, changes: Sequence[str], data: str) -> list[Known]:
    """What run.json is to say of them; `data`: of other data, in words."""
    more = {"more_time": True} if has_more_time(known, recipe) else {}
    made: list[Known] = [{"images": images, "set": list(changes), **more}] if changes else []
    return made + ([{"images": images, "data": data}] if data else [])


def in_words(passed: Mapping[str, str], changes: Sequence[str], data: str) -> list[str]:
    """What is told of them: checkpoints passed over, with the reasons, and what changed."""
    notes = [f"passed over a checkpoint: {reason}" for reason in passed.values()]
    notes += [f"changed: {', '.join(changes)}"] if changes else []
    return notes + ([f"other data from here on: {data}"] if data else [])


def has_more_time(known: Known, recipe: TrainRecipe) -> bool:
    """Whether the recipe gives the run by the clock more time than it had."""
    return recipe.rate.seconds > recipe_from(known["recipe"]).rate.seconds


def reopened_at(known: Known) -> int:
    """The images at which the run was given more time, whose earlier decisions count no more; -1 where it was not."""
    return max((change["images"] for change in known["changes"] if change.get("more_time")), default=-1)
