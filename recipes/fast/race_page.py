"""The table of the race: the finished runs of race.py, with those that are missing named.

python recipes/fast/race_page.py RUNS [--docs docs/fast]
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from methods import EVALUATIONS, METHODS, REFERENCE, TEACHER

from sfumato.atomic import make_folder, write_file

ABOUT = """# Ways to few steps, at 28 px

Made by `python recipes/fast/race.py FASHION-MNIST --docs docs/fast`; not edited by hand.

Fashion-MNIST at 28 x 28, the class as the prompt; the network of `recipes/fast/yardstick.toml` ({parameters:,}
parameters). Each method has {seconds:g} s of one thread: those that follow the teacher half of it, the teacher's own
training being the other half. FD is on 64 features of a small classifier (`scripts/fashion_ruler.py`; it compares with
nothing but FD on these weights): {pictures} pictures made, against the {test} test pictures of `tune`, with 95 %
intervals by a jackknife. As many train pictures have {floor[0]:.1f} ({floor[1]:.1f} to {floor[2]:.1f}). Less is better.
`levels` is the grid that pictures are drawn at, and that all but mean-flow, which needs none, are trained at.
"""

Runs = Mapping[str, Sequence[Mapping[str, Any]]]
"""What race.py wrote, by method: a run for each seed."""


def found_in(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The finished runs."""
    out: dict[str, list[dict[str, Any]]] = {}
    for file in sorted(folder.glob("*-[0-9]*.json")):
        run = json.loads(file.read_text("utf-8"))
        out.setdefault(run["method"], []).append(run)
    return out


def values(runs: Sequence[Mapping[str, Any]], scale: float, steps: int) -> list[list[float]]:
    """FD of a number of evaluations with its interval, of each seed."""
    return [r["fd"] for run in runs for r in run["results"] if (r["guidance"], r["steps"]) == (scale, steps)]


def mean(found: Sequence[Sequence[float]]) -> float:
    """Over the seeds."""
    return sum(value for value, _, _ in found) / len(found)


def cell(found: Sequence[Sequence[float]]) -> str:
    """FD with its interval, or the mean and the range over several seeds."""
    if not found:
        return ""
    low, high = found[0][1:] if len(found) == 1 else (min(v[0] for v in found), max(v[0] for v in found))
    return f"{mean(found):.1f} [{low:.1f}, {high:.1f}]"


def table(runs: Runs) -> list[str]:
    """A row for each method and guidance; the teacher's under it, and which runs there are not."""
    counts = [f"{n} evaluation{'s' if n > 1 else ''}" for n in EVALUATIONS]
    heads = ["method", "what", "levels", "w", "updates", *counts]
    lines = [f"| {' | '.join(heads)} | {REFERENCE} |", "|---" * (len(heads) + 1) + "|"]
    for method in (*METHODS, TEACHER):
        own = runs.get(method.name, [])
        for scale in method.scales if own else ():
            what = f"{method.what} ({method.source})" if scale == method.scales[0] else ""
            cells = [method.name, what, method.grid, f"{scale:g}", str(own[0]["updates"])]
            cells += [cell(values(own, scale, n)) for n in (*EVALUATIONS, REFERENCE)]
            lines.append(f"| {' | '.join(cells)} |")
    missing = [method.name for method in (*METHODS, TEACHER) if method.name not in runs]
    return [*lines, "", *([f"Not run yet: {', '.join(missing)}.", ""] if missing else [])]


def best_lines(runs: Runs) -> list[str]:
    """The least FD at each number of evaluations, by name."""
    lines = []
    for n in EVALUATIONS:
        every = {(m.name, w): values(runs.get(m.name, []), w, n) for m in METHODS for w in m.scales}
        found = {way: mean(some) for way, some in every.items() if some}
        if found:
            name, scale = min(found, key=lambda way: found[way])
            words = f"{n} evaluation{'s' if n > 1 else ''}: {name} (w = {scale:g})"
            lines.append(f"- least at {words}, {found[name, scale]:.1f}")
    return [*lines, ""]


def page(runs: Runs, about: Mapping[str, Any]) -> str:
    """The whole document."""
    some = next(iter(runs.values()))[0]
    head = ABOUT.format(parameters=some["parameters"], **about)
    engine = some["engine"]
    machine = f"Machine: torch {engine.get('torch')}, {engine.get('cpu', engine.get('device'))}."
    return "\n".join([head, *table(runs), *best_lines(runs), machine]).rstrip("\n") + "\n"


def write_page(folder: Path, docs: Path) -> None:
    """methods.json and methods.md, of the finished runs in a folder."""
    runs, about = found_in(folder), json.loads((folder / "about.json").read_text("utf-8"))
    make_folder(docs)
    write_file(docs / "methods.json", json.dumps({**about, "runs": runs}, indent=1).encode() + b"\n")
    write_file(docs / "methods.md", page(runs, about).encode())


def main() -> None:
    """Write it."""
    parser = argparse.ArgumentParser(description="The table of the race.")
    parser.add_argument("runs", type=Path)
    parser.add_argument("--docs", type=Path, default=Path(__file__).parents[2] / "docs" / "fast")
    options = parser.parse_args()
    write_page(options.runs, options.docs)


if __name__ == "__main__":
    main()
