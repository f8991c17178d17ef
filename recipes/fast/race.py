"""Which way to few steps is best at 28 px: every method of methods.py for the same time, FD at 1, 2 and 4 evaluations.

    python recipes/fast/race.py /usr/share/datasets/fashion-mnist --out RUNS [--seconds 480] [--only NAME ...]

Time is processor time of one thread, so that other work on the machine does not count, and equal for all: what learns
from a teacher has half of it, the teacher's own training being the other half. A method's time of an update is measured
by turns with the teacher's, the least of several, and stands in RUNS/times.json; its run has the updates that fit.

RUNS/NAME-SEED is a run, which goes on where it was interrupted; RUNS/NAME-SEED.json its numbers, a finished one being
never repeated. FD is on the features of scripts/fashion_ruler.py (trained here first, RUNS/ruler.safetensors) between
`--pictures` made ones, the classes of the test pictures of tune in order, seeds 0, 1, ..., and all test pictures of
tune. --docs writes the table of what is finished there (race_page.py).
"""

import argparse
import json
import logging
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from methods import EVALUATIONS, METHODS, NAMED, REFERENCE, TEACHER, Method
from race_page import write_page

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

import fashion_ruler

import sfumato
from sfumato import rng
from sfumato.atomic import write_file
from sfumato.corpus.locate import cache_folder
from sfumato.corpus.split import belongs
from sfumato.engine import describe
from sfumato.errors import RecipeError
from sfumato.evaluate.frechet import frechet
from sfumato.evaluate.interval import Estimate, jackknife
from sfumato.model import Model
from sfumato.train.build import build
from sfumato.train.events import Metrics, Saved
from sfumato.train.export import export
from sfumato.train.loop import Trainer
from sfumato.train.material import Place
from sfumato.train.progress import Progress
from sfumato.train.reading import load_recipe
from sfumato.train.recipe import TrainRecipe
from sfumato.train.session import begin, resume, run
from sfumato.train.state import listed
from sfumato.weights import serialise

HERE = Path(__file__).parent
TIMED, GROUPS, BATCH, COOLDOWN, SEED = 8, 20, 50, 0.4, 2026
LOG = logging.getLogger("race")


@dataclass(frozen=True, eq=False, kw_only=True)
class Held:
    """The test pictures of tune: their prompts, their features, and how many pictures are drawn to be held against."""

    ruler: fashion_ruler.Ruler
    prompts: Sequence[str]
    real: np.ndarray
    pictures: int


def recipe_of(method: Method, out: Path, seed: int, images: int, changes: Sequence[str] = ()) -> TrainRecipe:
    """The yardstick with the method's changes, for so many pictures."""
    teacher = (f"consistency.teacher={out / f'{TEACHER.name}-{seed}'}",) if method.taught else ()
    recipe = load_recipe(str(HERE / "yardstick.toml"), [*method.changes, *teacher, f"seed={seed}", *changes])
    rate = replace(recipe.rate, images=images, cooldown=round(COOLDOWN * images))
    return replace(recipe, name=f"fashion-{method.name}", rate=rate)


def updates_of(method: Method, place: Place, out: Path, seed: int, options: argparse.Namespace) -> dict[str, float]:
    """How many updates fit into the method's time, with the times behind that number."""
    file = out / "times.json"
    known = json.loads(file.read_text("utf-8")) if file.exists() else {}
    if method.name not in known:
        sides = {}
        for name in dict.fromkeys((TEACHER.name, method.name)):
            recipe = recipe_of(NAMED[name], out, seed, 1 << 20, options.changes)
            sides[name] = Trainer(recipe, build(recipe, place).objective, Progress())
            sides[name].update()
        least = dict.fromkeys(sides, float("inf"))
        for _ in range(TIMED):
            for name, trainer in sides.items():
                start = time.process_time()
                trainer.update()
                least[name] = min(least[name], time.process_time() - start)
        first = known.get(TEACHER.name, {}).get("seconds", least[TEACHER.name])
        seconds = first * least[method.name] / least[TEACHER.name]
        shared = method is TEACHER or method.taught
        known[method.name] = {"seconds": seconds, "updates": max(int(options.seconds / (1 + shared) / seconds), 2)}
        write_file(file, json.dumps(known, indent=1).encode() + b"\n")
    return known[method.name]


def trained(recipe: TrainRecipe, folder: Path, place: Place) -> Model:
    """The model that a run ends with, from where it stands."""
    if not (folder / "model").is_dir():
        session = resume(folder, place) if listed(folder / "checkpoints") else begin(recipe, folder, place)
        for event in run(session, lambda: False):
            if isinstance(event, Metrics | Saved):
                LOG.info("%s: %s", folder.name, event)
        export(session)
    return sfumato.load(folder)


def fd(model: Model, held: Held, **settings: Any) -> dict[str, Any]:
    """FD of pictures of the held-out prompts, prompt k with seed k; the interval leaves out one of 20 groups."""
    prompts = [held.prompts[k % len(held.prompts)] for k in range(held.pictures)]
    recipes = [model.recipe(prompt, seed=k, microbatch=BATCH, **settings) for k, prompt in enumerate(prompts)]
    made = np.stack([np.asarray(picture.image)[..., :1] for picture in model.draw(recipes)])
    found, group = fashion_ruler.features(held.ruler, made), np.arange(len(made)) % GROUPS
    without = np.array([frechet(found[group != g], held.real) for g in range(GROUPS)])
    return {**settings, "fd": triple(jackknife(frechet(found, held.real), without))}


def measured(method: Method, model: Model, held: Held) -> list[dict[str, Any]]:
    """Every guidance and number of evaluations."""
    counts = (*EVALUATIONS, REFERENCE) if method is TEACHER else EVALUATIONS
    return [fd(model, held, steps=n, guidance=scale) for scale in method.scales for n in counts]


def held_out(options: argparse.Namespace) -> tuple[Held, list[float]]:
    """The test pictures of tune, and FD of as many train pictures: the floor. The ruler is trained where it is not."""
    file = options.out / fashion_ruler.NAME
    if not file.exists():
        net = fashion_ruler.trained(*fashion_ruler.opened(options.data, "train"))
        write_file(file, serialise(net.state_dict(), "float32"))
    ruler = fashion_ruler.load(options.out)
    source, train = (fashion_ruler.opened(options.data, split)[0] for split in ("val", "train"))
    rows = [k for k, row in enumerate(source.rows) if belongs(row, "tune")]
    real = fashion_ruler.features(ruler, source.pictures[rows])
    held = Held(ruler=ruler, prompts=[source.rows[k].caption for k in rows], real=real, pictures=options.pictures)
    order = rng.permutation(SEED, len(train.rows), 0)
    sets = [np.sort(order[k * held.pictures : (k + 1) * held.pictures]) for k in range(5)]
    each = [frechet(fashion_ruler.features(ruler, train.pictures[some]), real) for some in sets if len(some) > 1]
    return held, triple(Estimate(float(np.mean(each)), min(each), max(each)))


def refuse_other(out: Path, options: argparse.Namespace) -> None:
    """Raise RecipeError where the folder holds runs of another length, or numbers of other sets of pictures."""
    file = out / "about.json"
    known = json.loads(file.read_text("utf-8")) if file.exists() else {}
    for name in ("seconds", "pictures"):
        asked = getattr(options, name)
        if known.get(name, asked) != asked:
            raise RecipeError(
                f"{out} was begun with --{name} {known[name]:g}, not {asked:g}; give that, or another folder with --out"
            )


def triple(estimate: Estimate) -> list[float]:
    """value, low, high, as JSON keeps them."""
    return [round(float(value), 4) for value in (estimate.value, estimate.low, estimate.high)]


def one(method: Method, seed: int, place: Place, held: Held, options: argparse.Namespace) -> dict[str, Any]:
    """The numbers of one method, which is trained first where it has to be."""
    times = updates_of(method, place, options.out, seed, options)
    batch = load_recipe(str(HERE / "yardstick.toml"), options.changes).optimiser.batch
    recipe = recipe_of(method, options.out, seed, int(times["updates"]) * batch, options.changes)
    model = trained(recipe, options.out / f"{method.name}-{seed}", place)
    return {
        "method": method.name,
        "seed": seed,
        "what": method.what,
        "source": method.source,
        "taught": method.taught,
        "changes": [*method.changes, *options.changes],
        "seconds_per_update": times["seconds"],
        "updates": times["updates"],
        "images": recipe.rate.images,
        "parameters": model.card["parameters"],
        "engine": describe(place.device),
        "results": measured(method, model, held),
    }


def main() -> None:
    """Work through the methods, the teacher first."""
    parser = argparse.ArgumentParser(description="Few-step methods against each other on Fashion-MNIST.")
    add = parser.add_argument
    add("data", type=Path, help="the folder of the IDX files, called fashion-mnist")
    add("--out", type=Path, default=Path("runs/race"), help="where runs and numbers go")
    add("--seconds", type=float, default=480.0, help="processor time of each method, its teacher's included (480)")
    add("--pictures", type=int, default=1000, help="pictures for each FD (1000)")
    add("--seeds", type=int, nargs="*", default=[0])
    add("--only", nargs="*", default=[], help=f"of {', '.join(NAMED)}; all where none is given")
    add("--set", dest="changes", action="append", default=[], metavar="A.B=C", help="on every side")
    add("--docs", type=Path, help="where methods.json and methods.md go")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("sfumato").setLevel(logging.WARNING)
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    refuse_other(options.out, options)
    place = Place(device=torch.device("cpu"), data=options.data, cache=cache_folder(), report=lambda *_: None)
    held, floor = held_out(options)
    about = {"seconds": options.seconds, "pictures": options.pictures, "test": len(held.real), "floor": floor}
    write_file(options.out / "about.json", json.dumps(about, indent=1).encode() + b"\n")
    for seed in options.seeds:
        for method in (TEACHER, *METHODS):
            file = options.out / f"{method.name}-{seed}.json"
            if (not options.only or method.name in options.only) and not file.exists():
                write_file(file, json.dumps(one(method, seed, place, held, options), indent=1).encode() + b"\n")
                LOG.info("%s", file.read_text("utf-8"))
    if options.docs:
        write_page(options.out, options.docs)


if __name__ == "__main__":
    main()
