"""Make docs/ablations.md of the finished runs of run.py, saying which are missing.

    python recipes/ablations/table.py RUNS [--out docs/ablations.md]

A number is the mean over the seeds that are there; a change is the ratio to the step before over the seeds that both
have. The spread of equal runs is the pooled standard deviation over seeds: sqrt(sum (x - mean)^2 / sum (n - 1)).
"""

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from ladder import VARIANTS
from measures import CHOICE, LAMS, ROWS, STEPS
from variant import Variant

from sfumato.atomic import write_file

Found = dict[str, dict[int, dict[str, Any]]]
"""The numbers of finished runs by variant and seed."""

Measure = Callable[[dict[str, Any]], float]

MEASURES: dict[str, Measure] = {
    "error x 1000": lambda run: 1000 * run["error"],
    "caption, %": lambda run: 100 * run["caption"],
    "KID, w = 1": lambda run: run["kid"]["1.0"][0],
    "KID, w = 3": lambda run: run["kid"]["3.0"][0],
}

ABOUT = """# What each departure from classic gives

Made by `python recipes/ablations/table.py RUNS` from the runs of `recipes/ablations/run.py`; not edited by hand.

The yardstick: 32 px, on the pixels, the U-Net of `recipes/ablations/yardstick.toml` (at most 3 million parameters), the
pictures of Glyphs in `train`. A run has the steps that fit into eight minutes of one thread alone, by its own time of a
step (`run.py` says how it is measured), so what makes a step slower has fewer of them; `s` is what they take at the
least time of a step that any of its runs had, below 480 where the machine was busy when steps were first timed. Matrix
products are in bfloat16 where the processor multiplies it natively, master weights in float32. Eight minutes show each
picture about twice: what only pays in long runs is not seen here.

Measured on {rows} rows of `tune`, never of `report`: `error` is the geometric mean over {levels} noise levels of
|x0_hat - x_0|^2, the same for every schedule and parameterisation; `caption` by how much it grows with another row's
caption; KID is KID-EffLite0 x 1000 at 32 px brought to 128 px ({steps} steps of DDIM, guidance w){floor}. Widths of
averages are chosen on {choice} other rows of `tune`. In brackets after `error`: its change against the step before,
over the seeds that both have.
"""


def found_in(runs: Path) -> Found:
    """All finished runs of a folder."""
    out: Found = {}
    for file in sorted(runs.glob("*-[0-9]*.json")):
        run = json.loads(file.read_text("utf-8"))
        out.setdefault(run["variant"], {})[run["seed"]] = run
    return out


def mean(values: Iterable[float]) -> float:
    """The mean of what there is."""
    kept = list(values)
    return sum(kept) / len(kept)


def change(found: Found, variant: Variant) -> str:
    """How the error differs from the variant that it comes after, over the seeds of both."""
    own, before = found[variant.name], found.get(variant.after, {})
    seeds = sorted(own.keys() & before.keys())
    if not seeds:
        return ""
    ratio = mean(own[s]["error"] for s in seeds) / mean(before[s]["error"] for s in seeds)
    return f" ({100 * (ratio - 1):+.1f} %)"


def line(found: Found, variant: Variant) -> str:
    """One row of a table; a dash where there is no run yet."""
    runs = found.get(variant.name, {})
    name = f"| {variant.name} | {variant.what} | {len(runs)} of {variant.seeds} "
    if not runs:
        return f"{name}| | | | | | | |"
    first, alone = next(iter(runs.values())), min(run["seconds_alone"] for run in runs.values())
    numbers = [mean(measure(run) for run in runs.values()) for measure in MEASURES.values()]
    error, rest = f"{numbers[0]:.2f}{change(found, variant)}", " | ".join(f"{value:.1f}" for value in numbers[1:])
    return f"{name}| {first['steps']} | {alone:.0f} | {first['width']:g} | {error} | {rest} |"


def table(found: Found, variants: Sequence[Variant], first: str) -> list[str]:
    """Rows under their heading."""
    columns = [first, "what", "seeds", "steps", "s", "width of the average", *MEASURES]
    return [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|", *(line(found, v) for v in variants), ""]


def by_level(found: Found) -> list[str]:
    """The error at each noise level, from noise to clean, of the runs with seed 0."""
    out = [f"| lam | {' | '.join(f'{lam:g}' for lam in LAMS)} |", "|---" * (len(LAMS) + 1) + "|"]
    for variant in VARIANTS:
        run = found.get(variant.name, {}).get(0)
        if run:
            out.append(f"| {variant.name} | {' | '.join(f'{1000 * e:.3g}' for e in run['error_by_lam'])} |")
    return [*out, ""]


def spread(found: Found, measure: Measure) -> float | None:
    """The pooled standard deviation of equal runs; None where no variant has two."""
    squares, free = 0.0, 0
    for runs in found.values():
        values = [measure(run) for run in runs.values()]
        squares += sum((value - mean(values)) ** 2 for value in values)
        free += len(values) - 1
    return (squares / free) ** 0.5 if free else None


def spreads(found: Found) -> str:
    """What equal runs differ by, and how sure one KID is, in words."""
    known = {name: spread(found, measure) for name, measure in MEASURES.items()}
    halves = [(run["kid"]["3.0"][2] - run["kid"]["3.0"][1]) / 2 for runs in found.values() for run in runs.values()]
    kid = f" The 95 % interval of one KID (w = 3) over families is about +- {mean(halves):.0f}." if halves else ""
    if any(value is None for value in known.values()):
        return f"No two runs that differ by their seed alone are finished: the spread of equal runs is not known.{kid}"
    each = ", ".join(f"{value:.2g} ({name})" for name, value in known.items())
    return (
        f"Runs that differ by their seed alone have a standard deviation of {each}. What differs by less than about "
        f"twice that is not known to differ.{kid}"
    )


def missing(found: Found) -> list[str]:
    """The runs that are not finished."""
    return [f"{v.name}:{seed}" for v in VARIANTS for seed in range(v.seeds) if seed not in found.get(v.name, {})]


def machines(found: Found) -> str:
    """Where and when the runs were made."""
    every = [run for runs in found.values() for run in runs.values()]
    return "; ".join(sorted({f"torch {r['engine']['torch']}, {r['engine']['cpu']}, {r['date']}" for r in every}))


def page(found: Found) -> str:
    """The whole document."""
    every = [run for runs in found.values() for run in runs.values()]
    floor = f"; train pictures in their place have {every[0]['kid_floor'][0]:.1f}" if every else ""
    absent = missing(found)
    return "\n".join(
        [
            ABOUT.format(rows=ROWS, levels=len(LAMS), steps=STEPS, choice=CHOICE, floor=floor),
            "## The ladder\n",
            *table(found, [v for v in VARIANTS if not v.beside], "step"),
            "Each step keeps those above it, but for `fresco`, which follows `augmentation`.\n",
            "## Beside it\n",
            *table(found, [v for v in VARIANTS if v.beside], "variant"),
            "Changes are against " + ", ".join(f"`{v.after}` ({v.name})" for v in VARIANTS if v.beside) + ".\n",
            "## Error x 1000 by noise level, seed 0\n",
            "lam = log(alpha / sigma), half the log of the signal-to-noise ratio: noise on the left.\n",
            *by_level(found),
            "## How sure\n",
            f"{spreads(found)}\n",
            f"Missing runs: {', '.join(absent)}.\n" if absent else "No run is missing.\n",
            f"Machine: {machines(found)}.\n" if every else "",
        ]
    )


def write(page: Callable[[Found], str], name: str, words: str) -> None:
    """The command line of a page: RUNS, and --out, by default docs/NAME."""
    parser = argparse.ArgumentParser(description=words)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[2] / "docs" / name)
    options = parser.parse_args()
    write_file(options.out, (page(found_in(options.runs)).rstrip("\n") + "\n").encode())


if __name__ == "__main__":
    write(page, "ablations.md", "Make the table of the ablations.")
