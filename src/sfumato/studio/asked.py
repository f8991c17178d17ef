"""What a request may ask for: JSON read into numbers known to be in range, or refused with what was expected."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from sfumato.errors import RecipeError
from sfumato.process.schedules import schedule_from
from sfumato.process.tabulated import Table
from sfumato.recipe import PROMPT_LIMIT
from sfumato.studio.custom import schedule_through

Choice = TypeVar("Choice", bound=str)

MAX_T = 1000
"""Steps of the longest schedule that a page may ask for."""

SEEDS = 2**53
"""A browser counts whole numbers to here."""


def whole(body: Mapping[str, Any], name: str, low: int, high: int, default: int | None = None) -> int:
    """A whole number in low..high. Raises RecipeError."""
    value = body.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise RecipeError(f"{name} is {str(value)[:40]!r}; expected a whole number in {low}..{high}")
    return value


def seed(body: Mapping[str, Any]) -> int:
    """The seed. Raises RecipeError."""
    return whole(body, "seed", 0, SEEDS)


def steps(body: Mapping[str, Any], most: int) -> list[int]:
    """A list of 1 to `most` steps of the model's schedule, each in 1..MAX_T. Raises RecipeError."""
    sent = body.get("steps")
    if not isinstance(sent, list) or not 1 <= len(sent) <= most:
        raise RecipeError(f"steps is no list of 1 to {most} of them")
    return [whole({"step": step}, "step", 1, MAX_T) for step in sent]


def place(body: Mapping[str, Any]) -> tuple[int, int, int]:
    """Channel, row and column of one number of the latents, each from 0. Raises RecipeError."""
    sent = body.get("place")
    if not isinstance(sent, list) or len(sent) != 3:
        raise RecipeError("place is no list of channel, row and column")
    c, y, x = (whole({"place": at}, "place", 0, 4095) for at in sent)
    return c, y, x


def number(body: Mapping[str, Any], name: str, low: float, high: float, default: float | None = None) -> float:
    """A finite number in low..high. Raises RecipeError."""
    value = body.get(name, default)
    if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
        raise RecipeError(f"{name} is {str(value)[:40]!r}; expected a number in {low:g}..{high:g}")
    return float(value)


def words(body: Mapping[str, Any], name: str) -> str:
    """A text of at most 2,000 characters, "" where there is none. Raises RecipeError."""
    value = body.get(name, "")
    if not isinstance(value, str) or len(value) > PROMPT_LIMIT:
        raise RecipeError(f"{name} is no text of at most {PROMPT_LIMIT} characters")
    return value


def among(body: Mapping[str, Any], name: str, choices: Sequence[Choice]) -> Choice:
    """One of a few words, the first where there is none. Raises RecipeError."""
    value = body.get(name, choices[0])
    if value not in choices:
        raise RecipeError(f"{name} is {str(value)[:40]!r}; expected one of {', '.join(choices)}")
    return value


def known(body: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """The body, if it is an object without other entries. Raises RecipeError."""
    if not isinstance(body, Mapping):
        raise RecipeError("the body is no JSON object; expected one")
    unknown = sorted(set(body) - set(names))
    if unknown:
        raise RecipeError(f"unknown entries {', '.join(unknown)[:80]}; expected among {', '.join(names)}")
    return body


def schedule(options: Any) -> Table:
    """A schedule: {"kind": "linear"}, or {"kind": "custom", "points": [...]} as the reader draws it.

    Only those with a table of betas, of at most a thousand steps.
    Raises RecipeError or ScheduleError.
    """
    if not isinstance(options, Mapping):
        raise RecipeError('a schedule is an object such as {"kind": "linear"}')
    if options.get("kind") == "custom":
        points = known(options, "kind", "points").get("points")
        if not isinstance(points, list) or not all(isinstance(p, int | float) for p in points):
            raise RecipeError("points of a custom schedule are a list of four numbers, in decibels")
        return schedule_through(points)
    length, betas = options.get("T", 0), options.get("betas", ())
    if (isinstance(length, int) and length > MAX_T) or not isinstance(betas, list | tuple) or len(betas) > MAX_T:
        raise RecipeError(f"a schedule here has at most {MAX_T} steps")
    found = schedule_from(options)
    if not isinstance(found, Table):
        raise RecipeError(f"schedule {options.get('kind')!r} has no table of betas; ask for linear, cosine or the like")
    return found
