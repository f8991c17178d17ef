"""A sweep of guidance on an evaluation's page: its table, and the same prompts and seeds at every scale."""

import html
from collections.abc import Iterator, Sequence

from sfumato.evaluate.page import inline, row
from sfumato.evaluate.sweep import Point
from sfumato.evaluate.sweep_plot import sweep_plot
from sfumato.evaluate.sweep_table import ABOUT, sweep_heads, sweep_rows


def sweep_section(points: Sequence[Point], prompts: Sequence[str]) -> Iterator[str]:
    """The part of the page; nothing where nothing was swept."""
    if not points:
        return
    listed = [point.to_dict() for point in points]
    yield f"<h2>Guidance: adherence against diversity</h2><p>{html.escape(ABOUT)}.</p>"
    yield sweep_plot(listed, "concept among", "distance between")
    yield '<div class="wide"><table>'
    yield row(sweep_heads(listed), "th")
    for texts in sweep_rows(listed):
        yield row(texts, "td")
    yield "</table></div>"
    yield '<div class="wide"><table>'
    yield row(("prompt", *(f"w = {point.scale:g}" for point in points)), "th")
    for k in range(len(points[0].shown)):
        cells = "".join(
            f'<td><img loading="lazy" width="128" alt="" src="{inline(point.shown[k])}"></td>' for point in points
        )
        yield f"<tr><td>{html.escape(prompts[k])}</td>{cells}</tr>"
    yield "</table></div>"
