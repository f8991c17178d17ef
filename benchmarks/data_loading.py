"""What share of a training step is spent on data?  Goal: under 3 %.

    python benchmarks/data_loading.py CORPUS --recipe tavola [--cache DIR] [--steps 20] [--set A.B=C ...]
    python benchmarks/data_loading.py tests/data --recipe tiny

Share = time inside the objective's `batch` (which pictures, their latents or pixels, their noise and prompts) / time of
the whole update, per step; the median of the steps, with their range, in one process. CORPUS is anything that
`sfumato train` takes: a file, a folder, a corpus pack. Pictures are decoded, and encoded, once into the cache before.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import torch

from sfumato.corpus.locate import cache_folder
from sfumato.parts import device_named
from sfumato.train.build import build
from sfumato.train.loop import Trainer
from sfumato.train.material import Place
from sfumato.train.progress import Progress
from sfumato.train.reading import load_recipe


class Timed:
    """A function that adds up the seconds it takes."""

    def __init__(self, function: Any, device: torch.device) -> None:
        self.function, self.device, self.seconds = function, device, 0.0

    def __call__(self, *arguments: Any) -> Any:
        """The function's answer."""
        start = clock(self.device)
        answer = self.function(*arguments)
        self.seconds += clock(self.device) - start
        return answer


def clock(device: torch.device) -> float:
    """The time, when the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def main() -> None:
    """Print one line."""
    parser = argparse.ArgumentParser(description="Share of data in a training step.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--recipe", default="tiny")
    parser.add_argument("--set", dest="changes", action="append", default=[])
    parser.add_argument("--cache", type=Path, default=cache_folder())
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--steps", type=int, default=20)
    options = parser.parse_args()
    device = device_named(options.device)
    recipe = load_recipe(options.recipe, options.changes)

    def report(what: str, done: int, total: int) -> None:
        if done == total:
            print(f"{what}: {done} of {total}", file=sys.stderr)

    objective: Any = build(
        recipe, Place(device=device, data=options.data, cache=options.cache, report=report)
    ).objective
    trainer = Trainer(recipe, objective, Progress())
    trainer.update()
    objective.batch = Timed(objective.batch, device)
    shares, seconds = [], []
    for _ in range(options.steps):
        objective.batch.seconds, start = 0.0, clock(device)
        trainer.update()
        seconds.append(clock(device) - start)
        shares.append(100.0 * objective.batch.seconds / seconds[-1])
    print(
        f"{recipe.name}, {recipe.optimiser.batch} pictures a step on {device}: data {statistics.median(shares):.2f} % "
        f"({min(shares):.2f} to {max(shares):.2f}) of a step of {statistics.median(seconds):.3f} s"
    )


if __name__ == "__main__":
    main()
