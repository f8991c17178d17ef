"""Durations as people write them: 90s, 30min, 1h30min, 2d."""

import re

from sfumato.errors import RecipeError

UNITS = {"s": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
PART = re.compile(r"(\d+(?:\.\d+)?) *(min|s|m|h|d)")


def seconds_in(text: str, *, least: float, most: float) -> float:
    """The seconds in "30min", "1h30min", "2 d". Raises RecipeError for other text, and outside least..most."""
    words = text.strip().lower()
    parts = PART.findall(words)
    if not parts or PART.sub("", words).strip():
        raise RecipeError(f"{text!r} is no duration; write a number and its unit, for instance 5min, 1h30min or 2d")
    seconds = sum(float(number) * UNITS[unit] for number, unit in parts)
    if not least <= seconds <= most:
        raise RecipeError(f"{text!r} is {seconds:g} s; a budget lies between {short(least)} and {short(most)}")
    return seconds


def short(seconds: float) -> str:
    """A duration in the largest unit that divides it: 2min, 30d."""
    unit = next(u for u in ("d", "h", "min", "s") if seconds % UNITS[u] == 0 or u == "s")
    return f"{seconds / UNITS[unit]:g}{unit}"
