"""The table of docs/text.md: what worth.py measured, each text encoder beside the first that is named.

    python recipes/text/compare.py RUNS [--names minilm tower distilled]

loss         the mean over LEVELS and over the rows of tune, of the averaged weights
at t = 1     the same where nothing but the prompt tells of the picture
difference   loss minus the first one's, row by row
caption      by how much another row's caption costs: loss(other) - loss(own)
new word     by how much another row's new word costs, new to training: loss(other new word) - loss(new word), of the
             rows that have one; it is 0 for a network to which new words say nothing

Each with its 95 % interval by families (evaluate/interval.py). Several seeds are averaged row by row; their spread is
the difference of each seed by itself.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from sfumato.evaluate.interval import Counts, Estimate, of_mean, resamples

HEAD = "| text encoder | seeds | loss | at t = 1 | difference | caption | new word |\n|---|---|---|---|---|---|---|"

Runs = Mapping[int, Mapping[str, np.ndarray]]
"""What worth.py wrote, by seed."""


def read(folder: Path, name: str) -> dict[int, dict[str, np.ndarray]]:
    """The finished runs with one text encoder."""
    found = {}
    for file in sorted(folder.glob(f"{name}-*.npz")):
        with np.load(file, allow_pickle=False) as data:
            found[int(file.stem.rpartition("-")[2])] = {key: data[key] for key in data.files}
    return found


def mean_errors(runs: Runs) -> Float64[np.ndarray, "4 k n"]:
    """The losses, averaged over seeds."""
    return np.mean([run["errors"] for run in runs.values()], axis=0)


def said(estimate: Estimate, sign: str = "") -> str:
    """A number with its interval."""
    return f"{estimate.value:{sign}.4f} ({estimate.low:{sign}.4f} to {estimate.high:{sign}.4f})"


def over(values: Float64[np.ndarray, " n"], mask: np.ndarray, counts: Counts) -> Estimate:
    """The mean over some of the rows."""
    return of_mean(values[mask], counts[:, mask])


def line(name: str, runs: Runs, first: Runs) -> str:
    """One row of the table; the difference is over the seeds that both have."""
    some = next(iter(runs.values()))
    counts = resamples(some["families"].tolist())
    own, other, new, other_new = mean_errors(runs)
    shared = sorted(set(runs) & set(first))
    cells = [name, ", ".join(map(str, sorted(runs))), said(of_mean(own.mean(axis=0), counts))]
    cells.append(said(of_mean(own[-1], counts)))
    if runs is first or not shared:
        cells.append("")
    else:
        gaps = [(runs[s]["errors"][0] - first[s]["errors"][0]).mean(axis=0) for s in shared]
        each = "" if len(gaps) == 1 else f"; each seed {', '.join(f'{gap.mean():+.4f}' for gap in gaps)}"
        cells.append(said(of_mean(np.mean(gaps, axis=0), counts), "+") + each)
    cells.append(said(of_mean((other - own).mean(axis=0), counts), "+"))
    cells.append(said(over((other_new - new).mean(axis=0), some["new"], counts), "+"))
    return f"| {' | '.join(cells)} |"


def table(folder: Path, names: Sequence[str]) -> str:
    """All rows; a text encoder without a finished run is named as missing."""
    found = {name: read(folder, name) for name in names}
    lines = [line(name, runs, found[names[0]]) for name, runs in found.items() if runs]
    lines += [f"\nmissing: {name}" for name, runs in found.items() if not runs]
    return "\n".join([HEAD, *lines])


def main() -> None:
    """Print it."""
    parser = argparse.ArgumentParser(description="The table of what text encoders are worth to a denoiser.")
    parser.add_argument("runs", type=Path, help="what worth.py wrote")
    parser.add_argument("--names", nargs="+", default=["minilm", "tower", "distilled"])
    options = parser.parse_args()
    print(table(options.runs, options.names))


if __name__ == "__main__":
    main()
