"""`sfumato corpus check DATA`: what is there, what is wrong, what would be used, and how long training would take."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sfumato.corpus.check import Report

HELP = """\
Look through pictures before training on them: what is there, what is wrong file by file, what would be used, and how
long training would take on this machine. Nothing is changed and nothing is kept."""

EXAMPLES = """\
examples:
  sfumato corpus check my-pictures
  sfumato corpus check my-pictures --recipe tiny --all
  sfumato corpus check shards/ --no-timing --json

what can be given: a folder of pictures with .txt or .json files beside them; one with metadata.jsonl or metadata.csv
(file_name and text); class folders (red_fox/1.jpg is "a red fox" by its folder's name); a .parquet file; a folder of
WebDataset .tar shards; a Hugging Face dataset, as save_to_disk leaves it or as parquet files in data/.

exit codes: 0 every picture can be used, 3 some are left out (each is named), 2 nothing can be used
"""
LEFT_OUT = 3
SHOWN = 10
"""Files named under each heading without --all."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add = parser.add_argument
    add("data", type=Path, metavar="DATA", help="a folder or file of captioned pictures")
    add("--recipe", default="abbozzo", help="the recipe to train with: a shipped name or a TOML file (abbozzo)")
    add("--set", dest="changes", action="append", default=[], metavar="A.B=C", help="change an entry of the recipe")
    add("--no-timing", action="store_true", help="do not measure how long training would take")
    add("--device", default="auto", help="the device to measure on: cpu, cuda, cuda:1, mps or auto")
    add("--all", action="store_true", help=f"name every file, not only the first {SHOWN} of a kind")
    add("--json", action="store_true", help="print JSON, with every file")


def run(args: argparse.Namespace) -> int:
    """Check, and print; 0, or LEFT_OUT where a picture is left out."""
    from sfumato.cli.bar import Bar
    from sfumato.corpus.check import check
    from sfumato.errors import CorpusError
    from sfumato.train.reading import load_recipe

    recipe = load_recipe(args.recipe, args.changes)
    bars: list[Bar] = []

    def progress(done: int, total: int) -> None:
        bars[:] = bars or [Bar(total)]
        bars[0](done, "looking at pictures")

    report = check(args.data, recipe.data.size, progress)
    if bars:
        bars[0].clear()
    facts = facts_of(report, args.data)
    facts["training"] = None if args.no_timing or not report.used else timing(report, recipe, args.device)
    if args.json:
        print(json.dumps(facts, indent=1))
    else:
        from sfumato.cli.corpus_words import lines

        for line in lines(facts, None if args.all else SHOWN):
            print(line)
    if not facts["used"]["train"]:
        raise CorpusError(
            f"{args.data} holds no picture to train on; {len(report.left_out)} were left out, as told above"
        )
    return LEFT_OUT if report.left_out else 0


def facts_of(report: "Report", path: Path) -> dict[str, Any]:
    """Everything found, in JSON's types."""
    from dataclasses import asdict

    from sfumato.corpus.split import SPLITS, belongs

    looks, used = report.looks, report.used
    captions = [row.caption for row in used]
    return {
        "data": str(path),
        "format": report.table.kind,
        "because": report.why,
        "size": report.size,
        "found": len(used) + sum(skipped.what != "no picture" for skipped in report.left_out),
        "used": {split: sum(belongs(row, split) for row in used) for split in SPLITS},
        "split_by": "the data" if report.table.named else "content",
        "sides": spread([max(look.width, look.height) for look in looks]),
        "transparent": sum(look.clear for look in looks),
        "animated": sum(look.animated for look in looks),
        "captions": {"different": len(set(captions)), "characters": spread([len(words) for words in captions])},
        "left_out": [{"id": s.id, "what": s.what, "reason": s.reason} for s in report.left_out],
        "remarks": [asdict(remark) for remark in report.remarks],
    }


def spread(numbers: Sequence[int]) -> dict[str, int] | None:
    """The least, the middle and the greatest."""
    if not numbers:
        return None
    order = sorted(numbers)
    return {"least": order[0], "median": order[len(order) // 2], "most": order[-1]}


def timing(report: "Report", recipe: Any, device: str) -> dict[str, Any]:
    """How long a run of the recipe would take here, from a few of its updates on some of these pictures."""
    from itertools import islice

    from sfumato.corpus.split import belongs
    from sfumato.engine import describe
    from sfumato.errors import SfumatoError
    from sfumato.parts import device_named
    from sfumato.train.rehearsal import SAMPLE, rehearse

    rows = [row for row in report.used if belongs(row, "train")]
    sample = list(islice(zip(rows, report.table.pictures(rows), strict=False), SAMPLE))
    place = device_named(device)
    try:
        done = rehearse(recipe, sample, place)
    except SfumatoError as problem:
        return {"recipe": recipe.name, "problem": str(problem)}
    return {
        "recipe": recipe.name,
        "device": str(place),
        "engine": describe(place),
        "parameters": done.parameters,
        "pictures_per_second": done.rate,
        "measured_updates": done.updates,
        "batch": done.batch,
        "preparing_seconds": done.preparing * len(rows),
        "pass_seconds": len(rows) / done.rate,
        "run_images": recipe.rate.images or None,
        "run_seconds": recipe.rate.images / done.rate if recipe.rate.images else None,
    }
