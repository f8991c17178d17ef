"""The curve's page: a table of all ways, the student's limits, and which of the papers' orderings hold.

python recipes/fast/curve_page.py runs/curve/curve.json --docs docs/fast     the page again, nothing measured
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from curve_plot import LOOKS, curve_plot
from ways import BEST, CANDIDATES

from sfumato.atomic import make_folder, write_file

ABOUT = """# KID against evaluations

Made by `python recipes/fast/curve.py CORPUS --docs docs/fast`; not edited by hand.

The first {prompts} rows of `{split}` in hash order, prompt k with seed k. Teacher: `{teacher}` {teacher_hash} with
w = {guidance:g}; student: `{student}` {student_hash}, told w = {told:g}. KID is KID-EffLite0 x 1000, with its 95 %
interval over families; train pictures in their place have {floor:.1f}. An evaluation is one question to the model; a
guided teacher passes its network twice for each (once outside its interval, if it has one), a student once. Samplers
that need several evaluations a step (Heun, PNDM while it warms up) have as many steps as fit.

![KID against evaluations](curve.svg)
"""


def spelled(estimate: list[float]) -> str:
    """value [low, high]."""
    value, low, high = estimate
    return f"{value:.1f} [{low:.1f}, {high:.1f}]"


def table(report: Mapping[str, Any]) -> list[str]:
    """A row for each way, sampler by sampler."""
    lines = ["| sampler | evaluations | steps | passes of the network | KID |", "|---|---|---|---|---|"]
    for sampler, (name, _, _) in LOOKS.items():
        own = [way for way in report["ways"].values() if way["sampler"] == sampler]
        for way in sorted(own, key=lambda way: way["asked"]):
            cells = (name, way["evaluations"], way["steps"], way["passes"], spelled(way["kid"]))
            lines.append(f"| {' | '.join(map(str, cells))} |")
    return [*lines, ""]


def limit_lines(report: Mapping[str, Any]) -> list[str]:
    """The student beside the teacher's best, and beside the least of all that was measured of it."""
    lines = [f"- the teacher's best at {BEST}: `{report['best']}` (of {', '.join(CANDIDATES)})"]
    for entry in report["limits"]:
        value, low, high = entry["ratio"]
        lines.append(
            f"- `{entry['student']}`: {value:.2f} [{low:.2f}, {high:.2f}] times its KID, at most {entry['limit']:g}: "
            f"**{entry['verdict']}**"
        )
    for entry in report.get("least", []):
        value, low, high = entry["ratio"]
        times = f"{value:.2f} [{low:.2f}, {high:.2f}] times the least KID of the teacher's whole curve"
        lines.append(f"- `{entry['student']}`: {times}, `{entry['teacher']}`")
    return [*lines, ""]


def ordering_lines(report: Mapping[str, Any]) -> list[str]:
    """The orderings with their differences, and by name those that fail."""
    lines = ["| less KID | than | difference | here | who says so |", "|---|---|---|---|---|"]
    for entry in report["orderings"]:
        value, low, high = entry["difference"]
        gap = f"{value:+.1f} [{low:+.1f}, {high:+.1f}]"
        lines.append(f"| {entry['better']} | {entry['worse']} | {gap} | {entry['verdict']} | {entry['source']} |")
    failed = [f"{e['better']} before {e['worse']}" for e in report["orderings"] if e["verdict"].startswith("fails")]
    said = f"Not so here: {'; '.join(failed)}." if failed else "All of them hold here."
    return [*lines, "", f'{said} "Not surely": the paired 95 % interval of the difference reaches over 0.', ""]


def page(report: Mapping[str, Any]) -> str:
    """The whole document."""
    sides = {side: report[side]["name"] for side in ("teacher", "student")}
    hashes = {f"{side}_hash": report[side]["model_hash"][:12] for side in ("teacher", "student")}
    numbers = {key: report[key] for key in ("prompts", "split", "guidance", "told")}
    head = ABOUT.format(**sides, **hashes, **numbers, floor=report["floor"][0])
    rules = ["## What the papers say\n", *ordering_lines(report)]
    return "\n".join([head, *table(report), "## The student\n", *limit_lines(report), *rules]).rstrip("\n") + "\n"


def write_page(report: Mapping[str, Any], folder: Path) -> None:
    """curve.json, curve.md and curve.svg."""
    make_folder(folder)
    write_file(folder / "curve.json", json.dumps(report, indent=1).encode() + b"\n")
    write_file(folder / "curve.md", page(report).encode())
    write_file(folder / "curve.svg", curve_plot(report).encode())


def main() -> None:
    """Write it."""
    parser = argparse.ArgumentParser(description="The curve's page from its numbers.")
    parser.add_argument("report", type=Path, help="what curve.py wrote: RUNS/curve.json")
    parser.add_argument("--docs", type=Path, default=Path(__file__).parents[2] / "docs" / "fast")
    options = parser.parse_args()
    write_page(json.loads(options.report.read_text("utf-8")), options.docs)


if __name__ == "__main__":
    main()
