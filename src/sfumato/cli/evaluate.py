"""`sfumato evaluate MODEL`: draw the prompts of a held-out split, and say how the pictures compare with real ones."""

import argparse
import hashlib
import json
import sys
import time
from pathlib import Path
from typing import Any

from sfumato.cli.settings import SETTINGS, convert

HELP = """\
Measure a model: draw the prompt of every row of a held-out split, prompt k with seed k, and compare the pictures with
the real ones. Stop it at any time: what is drawn is kept, and the same command goes on. Choices (guidance, steps) are
made on the split `tune`; numbers to publish are of `report`, computed once."""

EXAMPLES = """\
examples:
  sfumato evaluate tavola --data corpus/                       on tune, with the model's own settings
  sfumato evaluate runs/mine --data corpus/ --guidance 3 --steps 15 --limit 100
  sfumato evaluate tavola --data corpus/ --limit 200 --sweep-guidance        what w buys, and what it costs
  sfumato evaluate tavola --data corpus/ --split report --out evaluations/tavola

Writes pictures/0000.png, ..., evaluation.json and index.html (one page with every picture) into --out; further seeds
of each prompt go into seeds/, and KID, FD and style accuracy are then means over the seeds.
exit codes: 0 done, 2 bad input, 130 interrupted (finished pictures are kept)
"""
CHOICES = ("sampler", "grid", "steps", "guidance", "interval", "threshold", "size", "microbatch")
"""Settings of `sfumato generate` that apply here; they come from flags alone, so that a number has no hidden source."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add = parser.add_argument
    add("model", metavar="MODEL", help="a shipped model, a model folder, or a run with one")
    add("--data", type=Path, help="glyphs.parquet, its folder, or any corpus (also: the environment's SFUMATO_DATA)")
    add("--further", type=Path, action="append", default=[], metavar="CORPUS", help="it was trained on this one too")
    add("--split", choices=("tune", "report", "val"), default="tune", help="which held-out rows (default: tune)")
    add("--limit", metavar="N", help="only the first N rows in hash order")
    add("--out", type=Path, metavar="FOLDER", help="where pictures and numbers go (default: evaluations/NAME-...)")
    add("--seeds", metavar="N", help="pictures of each prompt, for KID, FD, style and diversity (4 on report, else 1)")
    add("--sampler", metavar="NAME", help="ddim, dpmpp-2m, heun, ...; options as ddim:eta=0.5")
    add("--grid", metavar="NAME", help="which noise levels to visit")
    add("--steps", metavar="N", help="steps from noise to picture")
    add("--guidance", metavar="W", help="0 ignores the prompt, 1 follows it plainly, more exaggerates it")
    add(
        "--sweep-guidance",
        nargs="?",
        const="50",
        metavar="N",
        help="and draw the first N (50) prompts at w = 0, 1, 2, 4, 7.5 and 12.5, two seeds each",
    )
    add("--interval", metavar="LOW:HIGH", help="guide only between these times, 0 clean to 1 noise")
    add("--threshold", metavar="NAME", help="bounds of what it believes: none, static:limit=1, dynamic:ratio=0.995")
    add("--weak", metavar="NAME|FOLDER", help="a worse model of the same kind: guidance is away from that")
    add("--size", metavar="WxH", help="pixels, of the sizes that the model draws")
    add("--microbatch", metavar="B", help="pictures in each call of the network; part of the recipe (1)")
    add("--device", default="cpu", help="cpu, cuda, cuda:1, mps or auto (cpu)")
    add("--cache", type=Path, help="where decoded pictures and features are kept (also: SFUMATO_CACHE)")
    add("--json", action="store_true", help="print the JSON document instead of the table")


def run(arguments: argparse.Namespace) -> int:
    """Draw, measure, write, print."""
    from sfumato.cli.drawing import load_evenly
    from sfumato.cli.threads import Threads
    from sfumato.evaluate.drawing import note_memory
    from sfumato.evaluate.features import load_features
    from sfumato.evaluate.memory import memory_of
    from sfumato.evaluate.report import document, write
    from sfumato.evaluate.whole import evaluate, recipes_of

    settings = chosen(arguments)
    limit, seeds, sweep = (settings.pop(name) for name in ("limit", "seeds", "sweep"))
    features = load_features(arguments.device)
    model = load_evenly(Threads(), arguments.model, arguments.device, weak=arguments.weak)
    ground = ground_of(arguments, features, limit)
    note_unsearched(model, ground)
    recipes = recipes_of(model, ground, settings)
    out = arguments.out or Path("evaluations") / default_name(arguments.split, recipes[0])
    found = evaluate(model, ground, features, recipes, out, seeds=seeds, report=Counter())
    pictures = out / "pictures"
    one = memory_of(pictures / "0000.png", arguments.model, device=arguments.device, weak=arguments.weak)
    note_memory(pictures, one)
    points = swept(model, ground, features, settings, out, prompts=sweep)
    report = document(model, ground, found, pictures, points)
    write(out, report, ground, found, points)
    if arguments.json:
        print(json.dumps(report, indent=1))
    else:
        print_table(report)
        print(f"written to {out}: evaluation.json, index.html")
    return 0


def note_unsearched(model: Any, ground: Any) -> None:
    """Say before the work which corpora of the model's card no copy will be looked for in."""
    from sfumato.evaluate.copies import unsearched

    if missing := unsearched(model.bundle.card, ground.keys[1:]):
        print(
            f"sfumato: note: {model.name} was trained on {', '.join(missing)} too, and no copy is looked for there; "
            "name each such corpus with --further",
            file=sys.stderr,
        )


def swept(
    model: Any, ground: Any, features: Any, settings: dict[str, Any], out: Path, *, prompts: int | None
) -> list[Any]:
    """The sweep of guidance scales, where it is asked for; two seeds of each prompt, however many are measured."""
    if prompts is None:
        return []
    from sfumato.evaluate.sweep import Sweep
    from sfumato.text.score import load_score

    sweep = Sweep(ground=ground, features=features, score=load_score(), prompts=prompts)
    return sweep(model, settings, out, Counter())


def chosen(arguments: argparse.Namespace) -> dict[str, Any]:
    """The settings given by flags. Raises RecipeError for one that cannot be read, and for a choice made on report."""
    from sfumato.errors import RecipeError

    found = {
        name: convert(SETTINGS[name], value, f"--{name}")
        for name in CHOICES
        if (value := getattr(arguments, name)) is not None
    }
    choices = [f"--{name}" for name in found if name != "microbatch"] + (["--weak"] if arguments.weak else [])
    if choices and arguments.split == "report":
        raise RecipeError(
            f"{choices[0]} with --split report: what is published is measured with the model's own settings; "
            "choose on tune, and put the choice into the model's defaults"
        )
    limit, seeds = arguments.limit, arguments.seeds
    found["limit"] = None if limit is None else convert(SETTINGS["count"], limit, "--limit")
    found["seeds"] = (
        (4 if arguments.split == "report" else 1) if seeds is None else convert(SETTINGS["count"], seeds, "--seeds")
    )
    if found["limit"] is not None and found["limit"] < 2:
        raise RecipeError(f"--limit is {found['limit']}; a measure needs at least 2 pictures")
    sweep = arguments.sweep_guidance
    found["sweep"] = None if sweep is None else convert(SETTINGS["count"], sweep, "--sweep-guidance")
    if found["sweep"] is not None and found["sweep"] < 2:
        raise RecipeError(f"--sweep-guidance is {found['sweep']}; a sweep needs at least 2 prompts")
    if found["seeds"] < 1:
        raise RecipeError(f"--seeds is {found['seeds']}; each prompt has at least 1")
    return found


def ground_of(arguments: argparse.Namespace, features: Any, limit: int | None) -> Any:
    """The corpus, opened."""
    from sfumato.corpus.locate import cache_folder
    from sfumato.evaluate.ground import corpus_at, open_ground

    return open_ground(
        corpus_at(arguments.data),
        split=arguments.split,
        features=features,
        cache=arguments.cache or cache_folder(),
        report=Counter(),
        limit=limit,
        further=[corpus_at(place) for place in arguments.further],
    )


def default_name(split: str, recipe: Any) -> str:
    """A folder's name from the model, the split and all that a picture depends on but prompt and seed."""
    facts = {k: v for k, v in recipe.to_dict().items() if k not in ("prompt", "seed", "engine", "version")}
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:8]
    return f"{recipe.model}-{split}-{recipe.steps}-{digest}"


class Counter:
    """Tells on stderr how far a preparation is: at its end, and every ten seconds."""

    def __init__(self) -> None:
        self.last = time.monotonic()

    def __call__(self, what: str, done: int, total: int) -> None:
        """So many of so many are done."""
        if done == total or time.monotonic() - self.last > 10.0:
            self.last = time.monotonic()
            print(f"{what}: {done} of {total}", file=sys.stderr, flush=True)


def print_table(report: dict[str, Any]) -> None:
    """The lines as columns, an interval in brackets; then copies and cost; then the sweep of guidance, if any."""
    from sfumato.evaluate.sweep_table import ABOUT, sweep_heads, sweep_rows
    from sfumato.evaluate.table import HEADS, about_copies, about_cost, cells

    print_columns([HEADS, *(cells(line) for line in report["lines"])])
    print(about_copies(report["copies"]))
    print(about_cost(report["cost"]))
    if "sweep" in report:
        print(f"\n{ABOUT}")
        print_columns([sweep_heads(report["sweep"]), *sweep_rows(report["sweep"])])


def print_columns(rows: list[tuple[str, ...]]) -> None:
    """Rows of texts, each column as wide as it must be."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
