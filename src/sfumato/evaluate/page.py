"""One HTML page of an evaluation, whole in itself: the table, and every made picture beside its real one."""

import base64
import html
import io
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from sfumato.evaluate.copies import Copies
from sfumato.evaluate.ground import Ground
from sfumato.evaluate.pairs import styles_of
from sfumato.evaluate.table import HEADS, about_copies, about_cost, cells

CLOSEST = 24
"""How many of the outputs nearest to train are shown beside their nearest train picture."""

QUALITY = 80
STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 80rem; margin: 2rem auto; padding: 0 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px; }
th, td { text-align: left; padding: .15rem .8rem .15rem 0; white-space: nowrap; border-bottom: 1px solid #8884; }
.sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: .8rem; }
figure { margin: 0; }
figure img { width: 48%; background: #fff; image-rendering: auto; }
figcaption { font-size: 12px; opacity: .8; overflow-wrap: anywhere; }
"""


def page(
    report: dict[str, Any],
    ground: Ground,
    made: UInt8[np.ndarray, "seeds n s s 3"],
    copies: Copies,
    further: Iterable[str] = (),
) -> str:
    """The page of an evaluation.json with its pictures, as lossy WebP inside it; `further`: parts after the table."""
    title = html.escape(f"{report['model']} on {report['split']}")
    settings = ", ".join(f"{k} {v}" for k, v in report["settings"].items() if k not in ("model", "model_hash"))
    body = [
        f"<h1>{title}</h1>",
        f"<p>{report['rows']} prompts, prompt k with seed k{further_seeds(report)}, nothing picked. "
        f"{html.escape(settings)}.</p>",
        f"<p>{html.escape(about_copies(report['copies']))}.<br>{html.escape(about_cost(report['cost']))}.</p>",
        f"<p>In brackets: {html.escape(report['intervals'])}. No verdict where the interval leaves it open.</p>",
        *table(report["lines"]),
        *further,
        "<h2>Closest to train: made, and the nearest train picture</h2>",
        *sheet(closest(ground, made, copies)),
    ]
    for style, mask in styles_of(ground.rows).items():
        pairs = ((made[0, k], ground.pictures[k], ground.rows[k].caption) for k in np.flatnonzero(mask).tolist())
        body += [f"<h2>{html.escape(style or 'pictures')}: made, and real</h2>", *sheet(pairs)]
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
    view = '<meta name="viewport" content="width=device-width, initial-scale=1">'
    return "\n".join([head, view, *body, "</html>"]) + "\n"


def further_seeds(report: dict[str, Any]) -> str:
    """What was drawn besides, and what for."""
    more = report["seeds"] - 1
    return f", and {more} more of each for KID, FD, style accuracy, diversity and copies" if more else ""


def table(lines: list[dict[str, Any]]) -> Iterator[str]:
    """The lines."""
    yield '<div class="wide"><table>'
    yield row(HEADS, "th")
    for line in lines:
        yield row(cells(line), "td")
    yield "</table></div>"


def row(texts: tuple[str, ...], tag: str) -> str:
    """One row of a table."""
    return "<tr>" + "".join(f"<{tag}>{html.escape(text)}</{tag}>" for text in texts) + "</tr>"


Pair = tuple[UInt8[np.ndarray, "s s 3"], UInt8[np.ndarray, "s s 3"], str]


def closest(ground: Ground, made: UInt8[np.ndarray, "seeds n s s 3"], copies: Copies) -> Iterator[Pair]:
    """The outputs nearest to train, nearest first, of whatever seed."""
    for place in np.argsort(copies.distance, axis=None, kind="stable")[:CLOSEST].tolist():
        s, k = divmod(place, len(ground.rows))
        near = int(copies.nearest[s, k])
        words = f"{ground.rows[k].caption}; train: {ground.train_rows[near].id}, {copies.distance[s, k]:.2f}"
        yield made[s, k], ground.train_picture(near), words


def sheet(pairs: Iterator[Pair]) -> Iterator[str]:
    """Two pictures and a caption each."""
    yield '<div class="sheet">'
    for left, right, words in pairs:
        pictures = "".join(f'<img loading="lazy" alt="" src="{inline(pixels)}">' for pixels in (left, right))
        yield f"<figure>{pictures}<figcaption>{html.escape(words)}</figcaption></figure>"
    yield "</div>"


def inline(pixels: UInt8[np.ndarray, "s s 3"]) -> str:
    """A picture as a data URI."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, "WEBP", quality=QUALITY)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
