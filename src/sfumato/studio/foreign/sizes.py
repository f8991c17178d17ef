"""Sizes: programs ask for those that other models draw, and get the nearest that this one does."""

import math
from collections.abc import Sequence

from sfumato.studio.foreign.refusal import Refusal

MOST = 65_535


def nearest(sizes: Sequence[tuple[int, int]], wanted: tuple[int, int]) -> tuple[int, int]:
    """The (width, height) in pixels of `sizes` that is nearest to `wanted`: first in shape, then in area.

    Both by the absolute difference of logarithms, so that twice as large is as far away as half as large.
    """

    def distance(size: tuple[int, int]) -> tuple[float, float]:
        (width, height), (w, h) = size, wanted
        return round(abs(math.log(width * h / (height * w))), 9), abs(math.log(width * height / (w * h)))

    return min(sizes, key=distance)


def parsed(text: object) -> tuple[int, int] | None:
    """(width, height) of "WxH", None of "auto" and of nothing. Raises Refusal."""
    if text in ("auto", ""):
        return None
    width, cross, height = text.partition("x") if isinstance(text, str) else ("", "", "")
    sides = [side for side in (width, height) if cross and side.isascii() and side.isdigit() and len(side) <= 5]
    if len(sides) != 2 or not all(1 <= int(side) <= MOST for side in sides):
        raise Refusal(f"size is {str(text)[:40]!r}; expected 'auto' or WxH, such as '1024x1024'", param="size")
    return int(width), int(height)
