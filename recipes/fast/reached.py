"""What the student reaches beside its teacher: KID at 4 and at 1 evaluations, retrieval at w = 1 to 6.

    python recipes/fast/reached.py CORPUS --curve docs/fast/curve.json --out RUNS [--split report] [--docs docs/fast]

The teacher draws in the way that the curve found to be its best at 50 (chosen on tune, curve.py); the student in 4
evaluations, and in 1 for KID. For KID each has the w that it has on the curve, for retrieval both have each w. All rows
of the split, prompt k with seed k. What is drawn is kept in RUNS/SPLIT and never drawn twice. --split report, once, for
what is published.
"""

import argparse
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from curve import recipes_of
from orderings import Resampled, limits, triple
from ways import STUDENT, Way

import sfumato
from sfumato.atomic import make_folder, write_file
from sfumato.corpus.locate import cache_folder
from sfumato.errors import RecipeError
from sfumato.evaluate.drawing import draw, pixels
from sfumato.evaluate.features import SIZE, Features, load_features
from sfumato.evaluate.ground import Ground, corpus_at, open_ground
from sfumato.evaluate.interval import of_mean
from sfumato.evaluate.retrieval import ranks, search_of
from sfumato.model import Model

SCALES, FIRST, POINTS = (1.0, 3.5, 6.0), 5, 5.0
"""The guidance w of the retrieval; among how many the right one must be; how far below the teacher is near enough."""
ONE, FOUR = (Way(sampler=STUDENT, asked=n) for n in (1, 4))
LOG = logging.getLogger("reached")


@dataclass(frozen=True, eq=False, kw_only=True)
class Reach:
    """What every way is drawn and measured with."""

    models: Mapping[bool, Model]
    ground: Ground
    features: Features
    out: Path
    microbatch: int = 8

    def looked_at(self, way: Way, scale: float) -> np.ndarray:
        """The features of a way's pictures, drawn first where they are not there."""
        recipes, _ = recipes_of(way, self.models[way.student], self.ground, scale, self.microbatch)
        folder = self.out / f"{way.name}-w-{scale:g}"
        LOG.info("%s: %d pictures", folder.name, len(recipes))
        return self.features(pixels(draw(self.models[way.student], recipes, folder), SIZE))

    def kid(self, way: Way, scale: float) -> Resampled:
        """KID of a way, in thousandths."""
        return self.ground.kid(self.looked_at(way, scale))

    def retrieval(self, best: Way, scale: float) -> dict[str, Any]:
        """How often the concept is among the first five, of student and teacher, in percent; the paired difference."""
        ground = self.ground
        search = search_of(ground.rows, ground.train_rows[: ground.main])
        if search is None:
            raise RecipeError(f"{ground.path} has no concepts to find again; give a corpus whose rows name them")
        student, teacher = (
            100.0 * (ranks(search, self.looked_at(way, scale), ground.train) < FIRST) for way in (FOUR, best)
        )
        counts = ground.counts[:, search.queries]
        gap = of_mean(student - teacher, counts)
        sides = {"student": triple(of_mean(student, counts)), "teacher": triple(of_mean(teacher, counts))}
        verdict = "reached" if gap.value >= -POINTS else "missed"
        return {"w": scale, **sides, "difference": triple(gap), "verdict": verdict}


def reached(reach: Reach, best: Way, scales: Mapping[bool, float]) -> dict[str, Any]:
    """All numbers, RUNS/SPLIT/reached.json being written after each step; scales: w for KID, of teacher and student."""
    found = {way.name: reach.kid(way, scales[way.student]) for way in (best, FOUR, ONE)}
    report: dict[str, Any] = {
        "split": reach.ground.split,
        "rows": len(reach.ground.rows),
        "guidance": scales[False],
        "told": scales[True],
        "models": {("student" if few else "teacher"): m.bundle.model_hash for few, m in reach.models.items()},
        "kid": {name: triple(estimate) for name, (estimate, _) in found.items()},
        "limits": limits(found),
        "retrieval": [],
    }
    for w in SCALES:
        report["retrieval"].append(reach.retrieval(best, w))
        write_file(reach.out / "reached.json", json.dumps(report, indent=1).encode() + b"\n")
    return report


def refuse_other(models: Mapping[bool, Model], known: Mapping[str, Any], curve: Path) -> None:
    """Raise RecipeError where the curve, which says the teacher's best way, is of other models."""
    for few, side in ((False, "teacher"), (True, "student")):
        drawn, own = known[side]["model_hash"], models[few].bundle.model_hash
        if drawn != own:
            raise RecipeError(
                f"{curve} is of another {side}, {drawn[:12]}, not {models[few].name!r} {own[:12]}: draw the curve of "
                "these two by curve.py again, after the student was shipped, or name its own with --model and --student"
            )


def page(report: Mapping[str, Any]) -> str:
    """The numbers as a page."""
    lines = [
        f"# The student beside its teacher, on `{report['split']}`\n",
        "Made by `python recipes/fast/reached.py CORPUS --docs docs/fast`; not edited by hand.\n",
        f"{report['rows']} held-out pairs, prompt k with seed k; 95 % intervals over families, differences paired.\n",
        f"KID-EffLite0 x 1000, the teacher at w = {report['guidance']:g}, the student told {report['told']:g}:\n",
        "| way | KID |\n|---|---|",
        *(f"| {name} | {spelled(value)} |" for name, value in report["kid"].items()),
        "",
    ]
    for entry in report["limits"]:
        ratio = spelled(entry["ratio"], ".2f")
        times = f"{ratio} times the KID of {entry['teacher']}, at most {entry['limit']:g}"
        lines.append(f"- {entry['student']}: {times}: **{entry['verdict']}**")
    lines += [f"\nRetrieval, the concept among the first {FIRST}, in percent (student: 4 evaluations):\n"]
    lines += ["| w | student | teacher | difference | |\n|---|---|---|---|---|"]
    for entry in report["retrieval"]:
        cells = (spelled(entry[key]) for key in ("student", "teacher", "difference"))
        lines.append(f"| {entry['w']:g} | {' | '.join(cells)} | {entry['verdict']} |")
    return "\n".join(lines) + "\n"


def spelled(estimate: list[float], form: str = ".1f") -> str:
    """value [low, high]."""
    value, low, high = (format(number, form) for number in estimate)
    return f"{value} [{low}, {high}]"


def main() -> None:
    """Draw, measure, write."""
    parser = argparse.ArgumentParser(description="What a student reaches beside its teacher.")
    add = parser.add_argument
    add("data", type=Path, help="glyphs.parquet, its folder, or any corpus")
    add("--curve", type=Path, default=Path("docs/fast/curve.json"), help="what curve.py wrote: the teacher's best way")
    add("--out", type=Path, default=Path("runs/reached"), help="where pictures and numbers go")
    add("--model", default="tavola", help="the teacher")
    add("--student", help="its student, where `generate --fast` does not find it by itself")
    add("--split", choices=("tune", "report"), default="tune")
    add("--limit", type=int, help="only the first rows in hash order")
    add("--docs", type=Path, help="where reached.json and reached.md go")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("sfumato").setLevel(logging.WARNING)
    torch.set_num_threads(1)
    known, features = json.loads(options.curve.read_text("utf-8")), load_features("cpu")
    sampler, _, asked = known["best"].rpartition("-")
    models = {False: sfumato.load(options.model), True: sfumato.load(options.model, fast=options.student or True)}
    refuse_other(models, known, options.curve)
    chosen = {"split": options.split, "features": features, "cache": cache_folder(), "limit": options.limit}
    ground = open_ground(corpus_at(options.data), **chosen)
    out = options.out / options.split
    make_folder(out)
    reach = Reach(models=models, ground=ground, features=features, out=out)
    scales = {False: float(known["guidance"]), True: float(known["told"])}
    report = reached(reach, Way(sampler=sampler, asked=int(asked)), scales)
    if options.docs:
        make_folder(options.docs)
        write_file(options.docs / "reached.json", json.dumps(report, indent=1).encode() + b"\n")
        write_file(options.docs / "reached.md", page(report).encode())


if __name__ == "__main__":
    main()
