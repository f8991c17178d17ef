"""Run the yardstick: every variant of ladder.py, each until eight minutes of one thread are used up, and measure it.

    python recipes/ablations/run.py CORPUS --out RUNS [--only NAME[:SEED] ...] [--cache DIR]

RUNS/NAME-SEED.json holds the numbers of a finished run, which is never repeated; RUNS/NAME-SEED is its folder, from
which an interrupted one goes on. table.py makes docs/ablations.md of them.

The time of a step is processor time of the one thread, so that other work on the machine does not count, and the
smallest of several steps; `classic` is timed first, and each variant by turns with it in one process; its steps are
480 s / (classic's first time x the ratio of the two). Other data with the same network have as many steps. The times
stand in RUNS/times.json, and are measured once. Other work on the machine still makes them longer, by what it takes of
caches and memory: so each run notes the least time of all its steps, and the table says what its steps take at that.
"""

import argparse
import json
import logging
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import torch
from ladder import NAMED, changes_of, queue
from measures import chosen_width, load, measured
from PIL import Image
from variant import Variant

from sfumato.atomic import write_file
from sfumato.corpus.locate import cache_folder
from sfumato.engine import describe
from sfumato.evaluate.features import load_features
from sfumato.train.build import build
from sfumato.train.denoiser_task import DenoiserTask
from sfumato.train.events import Metrics, Saved
from sfumato.train.looking import tiled
from sfumato.train.loop import Trainer
from sfumato.train.material import Place
from sfumato.train.posthoc import average_of
from sfumato.train.progress import Progress
from sfumato.train.reading import load_recipe
from sfumato.train.recipe import TrainRecipe
from sfumato.train.session import begin, resume, run
from sfumato.train.state import listed

HERE = Path(__file__).parent
SECONDS, TIMED, SNAPSHOTS = 480.0, 12, 16
LOG = logging.getLogger("ablations")
REVISION = subprocess.run(
    ["git", "rev-parse", "HEAD"], cwd=HERE, capture_output=True, text=True, check=False
).stdout.strip()
"""The commit of the code when it was read."""


def recipe_of(variant: Variant, seed: int = 0, steps: int = 0) -> TrainRecipe:
    """The yardstick with the variant's settings, for so many steps."""
    recipe = load_recipe(str(HERE / "yardstick.toml"), [*changes_of(variant), f"seed={seed}"])
    images = steps * recipe.optimiser.batch
    snapshots = variant.posthoc or any(v.after == variant.name and not v.trains for v in NAMED.values())
    return replace(
        recipe,
        name=variant.name,
        rate=replace(recipe.rate, images=images, cooldown=round(variant.cooldown * images)),
        watch=replace(recipe.watch, snapshot=images // SNAPSHOTS or 1 if snapshots else recipe.watch.snapshot),
    )


def trainer_of(variant: Variant, place: Place) -> Trainer:
    """A trainer whose run is not kept, after its first update."""
    recipe = recipe_of(variant)
    trainer = Trainer(recipe, build(recipe, place).objective, Progress())
    trainer.update()
    return trainer


def steps_of(variant: Variant, place: Place, out: Path) -> dict[str, float]:
    """How many steps eight minutes are, with the times behind that number."""
    file = out / "times.json"
    known = json.loads(file.read_text("utf-8")) if file.exists() else {}
    wanted = variant.after if variant.same_network or not variant.trains else variant.name
    for name in ("classic", wanted):
        if name in known:
            continue
        sides = {n: trainer_of(NAMED[n], place) for n in {"classic": 0, name: 0}}
        best = dict.fromkeys(sides, float("inf"))
        for _ in range(TIMED):
            for side, trainer in sides.items():
                start = time.process_time()
                trainer.update()
                best[side] = min(best[side], time.process_time() - start)
        alone = known.get("classic", {}).get("seconds", best["classic"]) * best[name] / best["classic"]
        known[name] = {"seconds": alone, "beside": best, "steps": int(SECONDS / alone)}
        write_file(file, json.dumps(known, indent=1).encode() + b"\n")
    return known[wanted]


def trained(recipe: TrainRecipe, folder: Path, place: Place) -> None:
    """Train the run in `folder` to its end, from where it stands, and note there the least time of a step so far."""
    fresh = not listed(folder / "checkpoints")
    session = begin(recipe, folder, place) if fresh else resume(folder, place)
    update, least = session.trainer.update, float("inf") if fresh else float((folder / "least").read_text("utf-8"))

    def timed() -> tuple[torch.Tensor, torch.Tensor]:
        nonlocal least
        start = time.process_time()
        answer = update()
        least = min(least, time.process_time() - start)
        return answer

    session.trainer.update = timed
    for event in run(session, lambda: False):
        if isinstance(event, Metrics | Saved):
            LOG.info("%s: %s, least step %.3f s", folder.name, event, least)
            write_file(folder / "least", f"{least}\n".encode())


def one(variant: Variant, seed: int, place: Place, out: Path) -> dict[str, Any]:
    """The numbers of one run, which is trained first where it has to be."""
    times = steps_of(variant, place, out)
    recipe = recipe_of(variant, seed, int(times["steps"]))
    source = variant.name if variant.trains else variant.after
    folder, start = out / f"{source}-{seed}", time.process_time()
    if variant.trains and not (folder / "done").exists():
        trained(recipe, folder, place)
        write_file(folder / "done", b"")
        shutil.rmtree(folder / "checkpoints")
    spent, built = time.process_time() - start, build(recipe, place)
    task, averages = cast(DenoiserTask, built.objective), folder / "averages"
    width = chosen_width(task, built.averaged, averages) if variant.posthoc else recipe.average.sigma_rel
    numbers, pictures = measured(task, load(built.averaged, average_of(averages, width)), load_features())
    Image.fromarray(tiled(pictures)).save(out / f"{variant.name}-{seed}.png")
    return {
        "variant": variant.name,
        "seed": seed,
        "what": variant.what,
        "changes": changes_of(variant),
        "steps": times["steps"],
        "images": recipe.rate.images,
        "seconds_per_step": times["seconds"],
        "seconds_alone": times["steps"] * float((folder / "least").read_text("utf-8")),
        "seconds_spent": spent,
        "parameters": built.facts["parameters"],
        "width": width,
        "engine": describe(place.device),
        "revision": REVISION,
        "date": time.strftime("%Y-%m-%d"),
        **numbers,
    }


def main() -> None:
    """Work through the queue."""
    parser = argparse.ArgumentParser(description="Train and measure the variants of ladder.py on the yardstick.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=cache_folder())
    parser.add_argument("--only", nargs="*", default=[], help="NAME or NAME:SEED; all where none is given")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("sfumato").setLevel(logging.WARNING)
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    place = Place(device=torch.device("cpu"), data=options.data, cache=options.cache, report=lambda *_: None)
    for variant, seed in queue():
        file = options.out / f"{variant.name}-{seed}.json"
        wanted = not options.only or {variant.name, f"{variant.name}:{seed}"} & set(options.only)
        if wanted and not file.exists():
            LOG.info("%s, seed %d", variant.name, seed)
            numbers = one(variant, seed, place, options.out)
            write_file(file, json.dumps(numbers, indent=1).encode() + b"\n")
            LOG.info("%s, seed %d: error %.5f, KID %s", variant.name, seed, numbers["error"], numbers["kid"])


if __name__ == "__main__":
    main()
