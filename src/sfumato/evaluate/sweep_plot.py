"""A sweep of guidance drawn: what is asked for upwards, diversity to the right, a point for each scale."""

import html
from collections.abc import Mapping, Sequence
from typing import Any

WIDTH, HEIGHT, MARGIN = 480, 320, 56

Line = Mapping[str, Any]
"""One of an evaluation.json's "lines"."""


def sweep_plot(points: Sequence[Mapping[str, Any]], up: str, right: str) -> str:
    """An SVG of the measures whose names begin with `up` and `right`; "" where one of them was not measured.

    Both axes reach from 0 to what real pictures have, or to the largest value, if that is more.
    """
    pairs = [(named(point["lines"], right), named(point["lines"], up)) for point in points]
    if any(line is None or line["made"][0] is None for pair in pairs for line in pair):
        return ""
    places = [(x["made"][0], y["made"][0]) for x, y in pairs if x and y]
    first = [line for line in pairs[0] if line]
    real = [line["real"][0] or 0.0 for line in first]
    tops = [max([real[axis], *(place[axis] for place in places)]) or 1.0 for axis in (0, 1)]

    def at(x: float, y: float) -> tuple[float, float]:
        return MARGIN + x / tops[0] * (WIDTH - 2 * MARGIN), HEIGHT - MARGIN - y / tops[1] * (HEIGHT - 2 * MARGIN)

    marks = [
        mark(*at(*place), f"{point['scale']:g}", below=k % 2 == 1)
        for k, (place, point) in enumerate(zip(places, points, strict=True))
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*place) for place in places))
    left, bottom = at(0.0, 0.0)
    end, top = at(*tops)
    return "".join(
        [
            f'<svg role="img" aria-label="Guidance sweep" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" ',
            'font-size="12" fill="currentColor" stroke="none">',
            f'<path d="M{left},{top} V{bottom} H{end}" fill="none" stroke="currentColor" opacity=".5"/>',
            f'<polyline points="{path}" fill="none" stroke="currentColor" opacity=".5"/>',
            *marks,
            f'<text x="{end}" y="{bottom + 16}" text-anchor="end">{tops[0]:.4g}</text>',
            f'<text x="{left - 6}" y="{top + 4}" text-anchor="end">{tops[1]:.4g}</text>',
            f'<text x="{left}" y="{bottom + 34}">{html.escape(first[0]["measure"])}, real {real[0]:.4g}</text>',
            f'<text x="{left}" y="{top - 14}">{html.escape(first[1]["measure"])}, real {real[1]:.4g}</text>',
            "</svg>",
        ]
    )


def mark(x: float, y: float, words: str, *, below: bool) -> str:
    """A point with its scale beside it; neighbours have theirs above and below by turns."""
    down = 16 if below else -6
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"/><text x="{x + 5:.1f}" y="{y + down:.1f}">w = {words}</text>'


def named(lines: Sequence[Line], name: str) -> Line | None:
    """The last line whose measure begins so: of retrieval at 1 and at 5, the steadier one."""
    return next((line for line in reversed(lines) if str(line["measure"]).startswith(name)), None)
