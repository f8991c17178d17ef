"""The pictures that are measured: one for each prompt, prompt k with seed k, kept in a folder and never drawn twice."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import UInt8

from sfumato.atomic import make_folder, write_file
from sfumato.conditioner import Conditioning
from sfumato.corpus.decode import over_white
from sfumato.denoiser import Denoiser
from sfumato.errors import RecipeError
from sfumato.model import Model
from sfumato.pipeline import groups
from sfumato.process.prediction import Prediction
from sfumato.process.schedule import Level
from sfumato.provenance.files import read
from sfumato.recipe import Recipe
from sfumato.types import Latent

Progress = Callable[[int, int], None]
"""Called with (done, total)."""

COST = "cost.json"


@dataclass(eq=False)
class Counted:
    """A denoiser that notes how many pictures went through it at each call; guidance counts twice."""

    inner: Denoiser
    calls: list[int] = field(default_factory=list)

    def __call__(self, x_t: Latent, level: Level, cond: Conditioning, /) -> Prediction:
        """The inner one's belief."""
        self.calls.append(len(x_t))
        return self.inner(x_t, level, cond)


def draw(model: Model, recipes: Sequence[Recipe], folder: Path, progress: Progress | None = None) -> list[Path]:
    """The files of the recipes' pictures in `folder`, 0000.png and on; those that are there already are kept.

    What drawing cost is added up in `folder`/cost.json.
    Raises RecipeError where a file there was made after another recipe; OutputError where it cannot be written.
    """
    make_folder(folder)
    paths = [folder / f"{k:04d}.png" for k in range(len(recipes))]
    missing = [k for k, path in enumerate(paths) if not path.exists()]
    for k in set(range(len(recipes))) - set(missing):
        refuse_other(paths[k], recipes[k])
    counted = Counted(model.bundle.denoiser)
    weak = model.bundle.weak
    beside = weak and replace(weak, denoiser=Counted(weak.denoiser, counted.calls))
    watched = Model(replace(model.bundle, denoiser=counted, weak=beside))
    done, todo = len(recipes) - len(missing), iter(missing)
    for group in groups([recipes[k] for k in missing]):
        begin = time.perf_counter()
        counted.calls.clear()
        for picture in watched.draw_group(group):
            picture.save(paths[next(todo)])
        add_cost(folder, len(group), time.perf_counter() - begin, sum(counted.calls), ran_on(model))
        done += len(group)
        if progress is not None:
            progress(done, len(recipes))
    return paths


def ran_on(model: Model) -> dict[str, Any]:
    """What the cost is of: the engine, and how many threads it had."""
    return {**model.bundle.engine, "threads": torch.get_num_threads()}


def refuse_other(path: Path, recipe: Recipe) -> None:
    """Raise RecipeError unless the picture is of this recipe; what it ran on may differ."""
    record, _, _ = read(path)
    if record.recipe is None or replace(record.recipe, engine=recipe.engine, model=recipe.model) != recipe:
        raise RecipeError(f"{path} was made after another recipe; give another folder with --out, or remove that one")


def pixels(paths: Sequence[Path], size: int) -> UInt8[np.ndarray, "n s s 3"]:
    """The pictures over white, size x size."""
    return np.stack([over_white(path.read_bytes(), size) for path in paths])


def add_cost(folder: Path, pictures: int, seconds: float, evaluations: int, engine: object) -> None:
    """Add a group to the folder's account."""
    known: dict[str, Any] = cost(folder) or {"pictures": 0, "seconds": 0.0, "evaluations": 0}
    known["pictures"] += pictures
    known["seconds"] += seconds
    known["evaluations"] += evaluations
    known["engine"] = engine
    write_file(folder / COST, json.dumps(known, indent=1).encode() + b"\n")


def note_memory(folder: Path, megabytes: float | None) -> None:
    """Add to the folder's account what drawing one picture takes at most; it is memory.py that measures it."""
    known = cost(folder)
    if known is not None:
        write_file(folder / COST, json.dumps(known | {"memory_mb": megabytes}, indent=1).encode() + b"\n")


def cost(folder: Path) -> dict[str, Any] | None:
    """What the pictures of the folder cost, as far as that is known."""
    try:
        return json.loads((folder / COST).read_text("utf-8"))
    except (OSError, ValueError):
        return None
