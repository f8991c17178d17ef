"""The curve drawn: KID x 1000 upwards, evaluations to the right on a logarithmic axis, a line for each sampler."""

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any

from ways import BEST, STUDENT

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 460, 64, 150, 24, 56
INK, PAPER, FAINT = "#222222", "#ffffff", "#cccccc"
LOOKS = {
    "ddpm": ("DDPM", "#999999", "2 3"),
    "ddim": ("DDIM", "#0072b2", ""),
    "dpmpp-2m": ("DPM-Solver++ 2M", "#009e73", ""),
    "heun": ("Heun", "#e69f00", "6 3"),
    "unipc": ("UniPC", "#cc79a7", "6 3"),
    "pndm": ("PNDM", "#56b4e9", "2 3"),
    "euler-ancestral": ("Euler ancestral", "#000000", ""),
    "dpmpp-2m-sde": ("DPM-Solver++ 2M SDE", "#009e73", "2 3"),
    STUDENT: ("student", "#d55e00", ""),
}
"""Name, colour and dashes; the colours are those of Okabe and Ito, which colour-blind readers tell apart."""
TICKS = (1, 2, 4, 8, 16, 32, BEST)

Points = Sequence[tuple[int, float]]


def lines_of(report: Mapping[str, Any]) -> dict[str, Points]:
    """The measured points of each sampler, (evaluations, KID), in order."""
    found: dict[str, list[tuple[int, float]]] = {}
    for way in report["ways"].values():
        found.setdefault(way["sampler"], []).append((way["evaluations"], way["kid"][0]))
    return {sampler: sorted(found[sampler]) for sampler in LOOKS if sampler in found}


def curve_plot(report: Mapping[str, Any]) -> str:
    """An SVG of its own, on white."""
    lines = lines_of(report)
    values = [value for points in lines.values() for _, value in points]
    top, low = rounded(max(values)), min(0.0, *values, report["floor"][0])

    def at(evaluations: float, kid: float) -> tuple[float, float]:
        x = LEFT + math.log(evaluations) / math.log(BEST) * (WIDTH - LEFT - RIGHT)
        return x, HEIGHT - BOTTOM - (kid - low) / (top - low) * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'font-family="sans-serif" font-size="12" role="img">',
        "<title>KID against evaluations</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>',
        *axes(at, top),
        *level(at, report["floor"][0], "train pictures"),
    ]
    if report.get("best"):
        parts += level(at, report["ways"][report["best"]]["kid"][0], f"teacher's best at {BEST}")
    names = apart([at(*points[-1])[1] for points in lines.values()])
    for (sampler, points), y in zip(lines.items(), names, strict=True):
        parts += line(sampler, [at(*point) for point in points], y)
    return "".join([*parts, "</svg>"]) + "\n"


def axes(at: Any, top: float) -> list[str]:
    """Both axes with their numbers and names."""
    out = [text(at(1, top)[0] - 40, TOP - 8, "KID-EffLite0 x 1000"), text(at(8, 0)[0], HEIGHT - 16, "evaluations")]
    for n in TICKS:
        x, y = at(n, 0.0)
        out.append(f'<path d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="{FAINT}" stroke-width=".5"/>')
        out.append(text(x, HEIGHT - BOTTOM + 16, str(n), "middle"))
    for k in range(5):
        x, y = at(1, top * k / 4)
        out.append(f'<path d="M{x:.1f} {y:.1f}H{WIDTH - RIGHT}" stroke="{FAINT}" stroke-width=".5"/>')
        out.append(text(x - 8, y + 4, f"{top * k / 4:.4g}", "end"))
    return out


def level(at: Any, value: float, name: str) -> list[str]:
    """A number that all lines are held against."""
    x, y = at(1, value)
    path = f'<path d="M{x:.1f} {y:.1f}H{WIDTH - RIGHT}" stroke="{INK}" stroke-dasharray="1 4"/>'
    return [path, text(x + 4, y - 4, name)]


def line(sampler: str, places: Sequence[tuple[float, float]], y: float) -> list[str]:
    """A sampler's points, joined, with its name at the height y beside the plot."""
    name, colour, dashes = LOOKS[sampler]
    path = " ".join(f"{px:.1f},{py:.1f}" for px, py in places)
    return [
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"/>',
        *(f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3.5" fill="{colour}"/>' for px, py in places),
        text(WIDTH - RIGHT + 10, y + 4, name, colour=colour),
    ]


def apart(heights: Sequence[float], least: float = 15.0) -> list[float]:
    """The heights of names, moved down as far as they must be to stand clear of each other."""
    out, last = dict.fromkeys(range(len(heights)), 0.0), -math.inf
    for k in sorted(out, key=lambda k: heights[k]):
        last = out[k] = max(heights[k], last + least)
    return [out[k] for k in range(len(heights))]


def rounded(value: float) -> float:
    """The next number up that four even steps reach from 0: 1, 2, 4, 6, 8 times a power of ten."""
    scale = 10.0 ** math.floor(math.log10(max(value, 1e-3)))
    return next(step * scale for step in (1, 2, 4, 6, 8, 10) if step * scale >= value)


def text(x: float, y: float, words: str, anchor: str = "start", colour: str = INK) -> str:
    """Words at a place."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{html.escape(words)}</text>'
