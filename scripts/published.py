"""The README's numbers of a model, written from its evaluation: what stands there cannot differ from what was measured.

    python scripts/published.py docs/evaluation/tavola.json [--readme README.md]

The lines between "<!-- numbers of NAME -->" and "<!-- end -->" are replaced. tests/architecture/test_published.py fails
when they are not these lines, and when the evaluation is of other weights than those that ship.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from sfumato.checkpoint import find, read_manifest
from sfumato.evaluate.copies import verdict
from sfumato.evaluate.ground import CORPUS
from sfumato.evaluate.table import plain, signed, times
from sfumato.manifest import trained_on

SHOWN = (
    ("concept among 200, top-5, %", "all", "top-5 concept retrieval among 200, %: 2.5 is chance"),
    ("KID-EffLite0 x 1000", "all", "KID-EffLite0 x 1000, and how far above the floor: less is better"),
    ("style accuracy, %", "all", "style accuracy, %"),
    ("cosine of prompt and picture by towers", "all", "cosine of prompt and picture by our towers"),
    ("own prompt among 415 by towers, top-1, %", "all", "own prompt found first among 415 by our towers, %"),
    ("another caption costs, % of the loss", "all", "another caption costs, % of the loss"),
)
"""Measure, part, and how the README calls it; an evaluation that lacks one goes without it."""


def marks(name: str) -> tuple[str, str]:
    """The lines between which a model's numbers stand."""
    return f"<!-- numbers of {name} -->", "<!-- end -->"


def command_of(report: dict[str, Any]) -> str:
    """The command that made an evaluation, the corpora being those of the model's card."""
    names = [str(one["name"]) for one in trained_on(read_manifest(find(report["model"])).card)]
    further = "".join(f" --further CORPUS/{name}.parquet" for name in names if name != CORPUS)
    return f"sfumato evaluate {report['model']} --data CORPUS --split report --seeds {report.get('seeds', 1)}{further}"


def lines_of(report: dict[str, Any]) -> list[str]:
    """The table's lines, of an evaluation.json."""
    found = {(line["measure"], line["part"]): line for line in report["lines"]}
    rows = [
        f"`{command_of(report)}`, {report['rows']} held-out pairs of `{report['split']}`:",
        "",
        f"| {report['model']} | made | real pictures | x made / real, or made - real |",
        "|---|---|---|---|",
    ]
    for measure, part, words in SHOWN:
        line = found.get((measure, part))
        if line is not None:
            against = times(line["share"]) if "share" in line else signed(line["difference"])
            rows.append(f"| {words} | {plain(line['made'])} | {plain(line['real'])} | {against} |")
    copies = report["copies"]
    rows.append(
        f"| nearer to a train picture than 99 % of real ones are | {copies['below']} of {copies['outputs']}, at most "
        f"{copies['upper_bound_percent']:.1f} % with 95 % confidence | 1 % | {verdict(copies)} |"
    )
    return rows


def replaced(text: str, report: dict[str, Any]) -> str:
    """The README with the numbers of this evaluation. Raises ValueError where it has no place for them."""
    begin, end = marks(report["model"])
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"the README has no lines {begin} ... {end}")
    return "\n".join([before + begin, *lines_of(report), end]) + after


def main() -> None:
    """Read, replace, write."""
    parser = argparse.ArgumentParser(description="The README's numbers of a model, from its evaluation.")
    parser.add_argument("evaluation", type=Path)
    parser.add_argument("--readme", type=Path, default=Path("README.md"))
    options = parser.parse_args()
    report = json.loads(options.evaluation.read_text("utf-8"))
    options.readme.write_text(replaced(options.readme.read_text("utf-8"), report), "utf-8")
    print("\n".join(lines_of(report)))


if __name__ == "__main__":
    main()
