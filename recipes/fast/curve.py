"""KID against evaluations: samplers of the teacher, and its student, on the same prompts from the same seeds.

    python recipes/fast/curve.py CORPUS --out RUNS [--model tavola] [--student runs/tavola-fast] [--docs docs/fast]

The first `--prompts` rows of tune in hash order, prompt k with seed k. RUNS/WAY holds the pictures of a way (ways.py),
which are never drawn twice; RUNS/curve.json the numbers so far: an interrupted command goes on when it is given again.
The teacher's ways have the guidance w that it has by default, the student's what it is told by default, both chosen on
tune (--guidance: one w for all). An evaluation of the guided teacher passes its network twice, outside the interval of
its guidance once, one of the student once: what is passed is counted.

--docs writes curve.json, curve.md and curve.svg there (curve_page.py), once every way is measured.
"""

import argparse
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from curve_page import write_page
from orderings import Resampled, beside_least, best_of, judged, limits, triple
from ways import Way, asked_at, steps_for, ways

import sfumato
from sfumato.atomic import write_file
from sfumato.corpus.locate import cache_folder
from sfumato.evaluate.drawing import draw, pixels
from sfumato.evaluate.features import SIZE, Features, load_features
from sfumato.evaluate.ground import Ground, corpus_at, open_ground
from sfumato.evaluate.interval import Estimate
from sfumato.model import Model
from sfumato.process.grid import GRIDS
from sfumato.process.schedule import Schedule
from sfumato.recipe import Recipe

LOG = logging.getLogger("curve")


def recipes_of(way: Way, model: Model, ground: Ground, scale: float, microbatch: int) -> tuple[list[Recipe], int]:
    """Prompt k with seed k, and how often each asks the model."""
    grid = model.recipe("").grid
    steps, asked = steps_for(way, model.bundle.schedule, grid)
    chosen = {"sampler": way.sampler, "grid": grid, "steps": steps, "guidance": scale, "microbatch": microbatch}
    return [model.recipe(prompt, seed=k, **chosen) for k, prompt in enumerate(ground.prompts)], asked


def measured(
    way: Way, model: Model, ground: Ground, features: Features, out: Path, scale: float, microbatch: int
) -> tuple[dict[str, Any], Resampled]:
    """The numbers of one way, drawn first where it has to be; KID in thousandths."""
    recipes, asked = recipes_of(way, model, ground, scale, microbatch)
    made = features(pixels(draw(model, recipes, out / way.name), SIZE))
    found, each = ground.kid(made)
    numbers = {"sampler": way.sampler, "asked": way.asked, "steps": recipes[0].steps, "evaluations": asked}
    return numbers | {"passes": passes(recipes[0], model.bundle.schedule), "kid": triple(found)}, (found, each)


def passes(recipe: Recipe, schedule: Schedule) -> int:
    """How often the network is passed for a picture: with the prompt and without, wherever guidance needs both."""
    levels = asked_at(recipe.sampler["kind"], tuple(GRIDS[recipe.grid](schedule, recipe.steps)))
    if recipe.guidance["kind"] == "embedded" or recipe.guidance["scale"] in (0.0, 1.0):
        return len(levels)
    low, high = recipe.guidance["interval"]
    return len(levels) + sum(low <= level.t <= high for level in levels)


def about(
    models: Mapping[bool, Model], ground: Ground, scales: Mapping[bool, float], floor: Estimate
) -> dict[str, Any]:
    """What was compared; `guidance` is the teacher's w, `told` the student's."""
    names = {"student" if few else "teacher": model for few, model in models.items()}
    known = {name: {"name": model.name, "model_hash": model.bundle.model_hash} for name, model in names.items()}
    known["student"]["few_steps"] = dict(models[True].card.get("few_steps") or {})
    w = {"guidance": scales[False], "told": scales[True]}
    return {**known, **w, "prompts": len(ground.rows), "split": ground.split, "floor": triple(floor)}


def curve(
    models: Mapping[bool, Model],
    ground: Ground,
    features: Features,
    out: Path,
    *,
    scales: Mapping[bool, float],
    microbatch: int,
) -> dict[str, Any]:
    """All ways, RUNS/curve.json being written after each."""
    kept: dict[str, Resampled] = {}
    floor = ground.kid(ground.train[ground.floor])[0]
    report: dict[str, Any] = about(models, ground, scales, floor) | {"ways": {}}
    for way in ways():
        model, scale = models[way.student], scales[way.student]
        numbers, kept[way.name] = measured(way, model, ground, features, out, scale, microbatch)
        report["ways"][way.name] = numbers
        report |= {"best": best_of(kept), "orderings": judged(kept), "limits": limits(kept)}
        report["least"] = beside_least(kept)
        write_file(out / "curve.json", json.dumps(report, indent=1).encode() + b"\n")
        LOG.info("%s: %d evaluations, KID x 1000 %s", way.name, numbers["evaluations"], numbers["kid"])
    return report


def main() -> None:
    """Draw, measure, compare, write."""
    parser = argparse.ArgumentParser(description="KID against evaluations, for a model and its student.")
    add = parser.add_argument
    add("data", type=Path, help="glyphs.parquet, its folder, or any corpus")
    add("--out", type=Path, default=Path("runs/curve"), help="where pictures and numbers go")
    add("--model", default="tavola", help="the teacher")
    add("--student", help="its student, where `generate --fast` does not find it by itself")
    add("--prompts", type=int, default=96, help="how many rows of tune (96)")
    add("--guidance", type=float, help="w of all ways (each model's default)")
    add("--microbatch", type=int, default=8, help="pictures in each call of the network; part of the recipe (8)")
    add("--docs", type=Path, help="where curve.json, curve.md and curve.svg go")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("sfumato").setLevel(logging.WARNING)
    torch.set_num_threads(1)
    features = load_features("cpu")
    models = {False: sfumato.load(options.model), True: sfumato.load(options.model, fast=options.student or True)}
    chosen = {"split": "tune", "features": features, "cache": cache_folder(), "limit": options.prompts}
    ground = open_ground(corpus_at(options.data), **chosen)
    scales = {few: model.recipe("").guidance["scale"] for few, model in models.items()}
    if options.guidance is not None:
        scales = dict.fromkeys(scales, options.guidance)
    options.out.mkdir(parents=True, exist_ok=True)
    report = curve(models, ground, features, options.out, scales=scales, microbatch=options.microbatch)
    if options.docs:
        write_page(report, options.docs)


if __name__ == "__main__":
    main()
