"""Ours against the plain diffusers recipe: both from nothing at 64 px, for equal processor time, on one thread.

    python recipes/baseline/race.py CORPUS --out RUNS [--minutes 60] [--rows 192] [--split report] [--cache DIR]
        [--json docs/baseline.json --page docs/baseline.md]

sides.py says what the two are. What counts is the processor time of the updates (data and text states drawn on the way
included), so that other work on the machine does not; looking, saving and measuring do not count. RUNS/SIDE holds the
checkpoints: the same command again goes on from there, and measures once both have used up their time.

KID-EffLite0 x 1000 of pictures drawn for held-out prompts of --split (DDIM, 16 steps, row k from seed k, guidance w)
against the real ones of the same rows, both brought from 64 to 128 px, with 95 % intervals over families. Ours is drawn
with its averaged weights, theirs with its weights, as its script saves them. Each is judged by its better w.
"""

import argparse
import json
import logging
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import torch
from PIL import Image

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "ablations")]

from measures import GUIDANCES, STEPS, distance, drawn, enlarged, held, load, shown  # noqa: E402
from sides import COOLDOWN, SIDES, network_of, recipe_of  # noqa: E402

from sfumato.atomic import write_file  # noqa: E402
from sfumato.corpus.locate import cache_folder  # noqa: E402
from sfumato.engine import describe  # noqa: E402
from sfumato.evaluate.features import Features, load_features  # noqa: E402
from sfumato.evaluate.interval import resamples  # noqa: E402
from sfumato.evaluate.pairs import family_of, floor_of  # noqa: E402
from sfumato.train.denoiser_parts import denoiser_parts  # noqa: E402
from sfumato.train.denoiser_task import DenoiserTask  # noqa: E402
from sfumato.train.looking import tiled  # noqa: E402
from sfumato.train.loop import Trainer  # noqa: E402
from sfumato.train.material import Place  # noqa: E402
from sfumato.train.progress import Progress  # noqa: E402
from sfumato.train.recipe import TrainRecipe  # noqa: E402
from sfumato.train.state import Checkpoint, latest, listed, save_checkpoint  # noqa: E402

LOG = logging.getLogger("baseline")
SLICES = 12
"""Checkpoints on the way."""

ABOUT = """# Ours against the plain diffusers recipe

Made by `python recipes/baseline/race.py CORPUS --out RUNS --json ... --page ...`; not edited by hand. Both from nothing
at 64 px on the pixels, with the same pictures, text states and processor time, on one thread;
[sides.py](../recipes/baseline/sides.py) says what the two are and where theirs is favoured.
"""


class Timed(Trainer):
    """A trainer whose horizon is a processor time: `spent` of `seconds` are used up."""

    def __init__(self, recipe: TrainRecipe, task: DenoiserTask, seconds: float, cooldown: float) -> None:
        super().__init__(recipe, task, Progress())
        self.seconds, self.cooldown, self.spent = seconds, cooldown, 0.0

    def rate(self) -> float:
        """Warm-up, then constant; to zero over the last share `cooldown` of the time."""
        left = max(0.0, 1.0 - self.spent / self.seconds)
        return super().rate() * (min(1.0, left / self.cooldown) if self.cooldown else 1.0)

    def update(self) -> tuple[torch.Tensor, torch.Tensor]:
        """One step, its time counted."""
        start = time.process_time()
        answer = super().update()
        self.spent += time.process_time() - start
        return answer


def trainer_of(side: str, place: Place, seconds: float, changes: Sequence[str] = ()) -> Timed:
    """One side with nothing learnt."""
    recipe = recipe_of(side, changes)
    parts, _ = denoiser_parts(recipe, place)
    return Timed(recipe, DenoiserTask(network_of(side, recipe), **parts), seconds, COOLDOWN[side])


def trained(trainer: Timed, folder: Path) -> None:
    """Go on from the newest checkpoint in `folder`, if any, until the time is used up."""
    if listed(folder):
        known, path, _ = latest(folder)
        trainer.restore(known)
        trainer.spent = float(known.about["seconds"])
        LOG.info("%s: goes on at %.0f s", path, trainer.spent)
    while trainer.spent < trainer.seconds:
        end = min(trainer.seconds, trainer.spent + trainer.seconds / SLICES)
        loss, _ = trainer.update()
        while trainer.spent < end:
            loss, _ = trainer.update()
        state = trainer.checkpoint()
        save_checkpoint(
            folder / f"{trainer.progress.images:09d}",
            Checkpoint(state.tensors, {**state.about, "seconds": trainer.spent}),
            keep=1,
        )
        LOG.info("%s: %d images, %.0f s, loss %.4f", folder, trainer.progress.images, trainer.spent, float(loss))


def measured(trainer: Timed, weights: Mapping[str, torch.Tensor], rows: int, features: Features) -> dict[str, Any]:
    """KID of what these weights draw, by guidance, that of train pictures in their place, and a sheet of the better."""
    task = cast(DenoiserTask, trainer.objective)
    part = held(task, 0, rows)
    families = [family_of(row) for row in part.rows]
    beside = (features(enlarged(shown(part.store, part.places))), families, resamples(families))
    net, found, pictures = load(task.net, weights), {}, {}
    for w in GUIDANCES:
        pictures[str(w)] = drawn(task, net, part, w)
        found[str(w)] = distance(features(enlarged(pictures[str(w)])), *beside)
    floor = shown(task.stores[0], floor_of(part.rows, [row for some in task.rows for row in some]))
    best = min(found, key=lambda w: found[w][0])
    return {
        "kid": found,
        "best": best,
        "floor": distance(features(enlarged(floor)), *beside),
        "sheet": tiled(pictures[best][:64]),
    }


def side_of(
    side: str, place: Place, out: Path, seconds: float, rows: int, features: Features, split: str
) -> dict[str, Any]:
    """Train one side to its end, measure it, and answer its numbers."""
    trainer = trainer_of(side, place, seconds, [f"watch.split={split}"])
    trained(trainer, out / side)
    net = trainer.objective.net
    weights = trainer.average.weights if side == "ours" else {n: p.detach() for n, p in net.named_parameters()}
    numbers = measured(trainer, weights, rows, features)
    Image.fromarray(numbers.pop("sheet")).save(out / f"{side}.png")
    images = trainer.progress.images
    parameters = sum(p.numel() for p in net.parameters())
    return {"parameters": parameters, "images": images, "seconds": round(trainer.spent, 1), **numbers}


def page(report: Mapping[str, Any]) -> str:
    """docs/baseline.md."""
    lines = [
        f"| {name} | {s['parameters']:,} | {s['images']:,} | {s['seconds'] / 60:.1f} | "
        + " | ".join("{} [{}, {}]".format(*s["kid"][str(w)]) for w in GUIDANCES) + " |"
        for name, s in report["sides"].items()
    ]  # fmt: skip
    heads = " | ".join(f"KID, w = {w:g}" for w in GUIDANCES)
    floor = "{} [{}, {}]".format(*report["floor"])
    return "\n".join([
        ABOUT,
        f"| side | parameters | pictures shown | minutes | {heads} |",
        "|---|---|---|---|" + "---|" * len(GUIDANCES),
        *lines,
        "",
        f"KID-EffLite0 x 1000 on {report['rows']} rows of `{report['split']}`, {STEPS} steps of DDIM; train pictures",
        f"in the place of made ones: {floor}. At its better w each, ours is {report['ratio']:.2f} of theirs",
        "(aim: at most 0.5).",
        "",
        f"{report['date']}, {report['revision'][:12]}, {json.dumps(report['engine'])}",
        "",
    ])  # fmt: skip


def main() -> None:
    """Train both, measure both, write."""
    parser = argparse.ArgumentParser(description="Our recipe against the plain diffusers one, for equal time.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=60.0, help="processor time of each side")
    parser.add_argument("--rows", type=int, default=192, help="held-out rows that are drawn")
    parser.add_argument("--split", default="report", choices=("tune", "report"), help="which held-out rows (report)")
    parser.add_argument("--cache", type=Path, default=cache_folder())
    parser.add_argument("--json", type=Path)
    parser.add_argument("--page", type=Path)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("sfumato").setLevel(logging.WARNING)
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    place = Place(device=torch.device("cpu"), data=options.data, cache=options.cache, report=lambda *_: None)
    features = load_features()
    seconds, rows, split = 60 * options.minutes, options.rows, options.split
    sides = {s: side_of(s, place, options.out, seconds, rows, features, split) for s in SIDES}
    ours, theirs = (sides[side]["kid"][sides[side]["best"]][0] for side in SIDES)
    floors = [side.pop("floor") for side in sides.values()]
    git = subprocess.run(["git", "rev-parse", "HEAD"], cwd=HERE, capture_output=True, text=True, check=False)
    report = {
        "split": split,
        "rows": rows,
        "sides": sides,
        "floor": floors[0],
        "ratio": ours / theirs,
        "date": time.strftime("%Y-%m-%d"),
        "revision": git.stdout.strip(),
        "engine": describe(place.device),
    }
    text = json.dumps(report, indent=1)
    write_file(options.json or options.out / "baseline.json", text.encode() + b"\n")
    if options.page:
        write_file(options.page, page(report).encode())
    print(text)


if __name__ == "__main__":
    main()
