"""A sweep of guidance as a table: a row for each scale, a column for each measure, real pictures last."""

from collections.abc import Mapping, Sequence
from typing import Any

from sfumato.evaluate.table import plain

ABOUT = "the same prompts and seeds at each guidance scale w; 95 % intervals in brackets, from ten families on"


def sweep_heads(points: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """w, then the measures."""
    return ("w", *(str(line["measure"]) for line in points[0]["lines"]))


def sweep_rows(points: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """One for each scale of an evaluation.json's "sweep", then what real pictures reach."""
    rows = [(f"{point['scale']:g}", *(plain(line["made"]) for line in point["lines"])) for point in points]
    return [*rows, ("real", *(plain(line["real"]) for line in points[0]["lines"]))]
