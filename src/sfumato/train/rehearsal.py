"""How fast a recipe trains on this machine: a few real updates on some of the pictures, in a folder thrown away after.

Everything that an update does is done: pictures decoded and encoded before, text encoder, network, optimiser, average.
"""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from sfumato.corpus.rows import Row
from sfumato.train.build import build
from sfumato.train.loop import Trainer
from sfumato.train.material import Place
from sfumato.train.own_data import with_own_data
from sfumato.train.progress import Progress
from sfumato.train.recipe import TrainRecipe

SECONDS = 4.0
UPDATES = 20
SAMPLE = 32
"""Pictures that a rehearsal is done with, at most."""


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """rate: pictures trained on per second, over so many updates of `batch` pictures. preparing: seconds a picture."""

    rate: float
    updates: int
    batch: int
    preparing: float
    parameters: int


def rehearse(
    recipe: TrainRecipe, sample: Sequence[tuple[Row, bytes]], device: torch.device, *, seconds: float = SECONDS
) -> Rehearsal:
    """Train for about `seconds` on `sample`; the first update, which is slower, is not counted.

    preparing is what building the run takes longer than building it again, when its pictures are in the cache. Raises
    what building a run raises.
    """
    with tempfile.TemporaryDirectory(prefix="sfumato-rehearsal-") as place:
        folder, cache = Path(place, "corpus"), Path(place, "cache")
        folder.mkdir()
        for k, (row, data) in enumerate(sample[:SAMPLE]):
            (folder / f"{k}.png").write_bytes(data)  # decoders go by the content, not by the name
            (folder / f"{k}.txt").write_text(row.caption, "utf-8")
        recipe, _ = with_own_data(replace(recipe, watch=replace(recipe.watch, split="train")), folder)
        where = Place(device=device, data=folder, cache=cache, report=lambda *_: None)
        begin = time.perf_counter()
        build(recipe, where)
        first = time.perf_counter()
        built = build(recipe, where)
        preparing = max(0.0, 2 * first - begin - time.perf_counter()) / len(sample[:SAMPLE])
        rate, updates = timed(Trainer(recipe, built.objective, Progress()), seconds)
        return Rehearsal(
            rate=rate,
            updates=updates,
            batch=recipe.optimiser.batch,
            preparing=preparing,
            parameters=int(built.facts["parameters"]),
        )


def timed(trainer: Trainer, seconds: float = SECONDS) -> tuple[float, int]:
    """Pictures per second, and the updates that this was measured over."""
    float(trainer.update()[0])
    begin, updates = time.perf_counter(), 0
    while updates < UPDATES and (updates == 0 or time.perf_counter() - begin < seconds):
        float(trainer.update()[0])  # reading the loss waits for the device
        updates += 1
    return updates * trainer.recipe.optimiser.batch / (time.perf_counter() - begin), updates
