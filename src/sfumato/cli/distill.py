"""`sfumato distill MODEL --data DATA --out RUN`: a model of few evaluations out of one of many."""

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sfumato.cli.duration import seconds_in
from sfumato.cli.launch import begun_before, own_device
from sfumato.cli.train import Stop, follow, reporter
from sfumato.errors import RecipeError

if TYPE_CHECKING:
    from sfumato.train.session import Session

HELP = """\
Make a model that draws in one to four evaluations out of a trained one, with the guidance scale as a number that it is
told. The run stops on Ctrl-C, on SIGTERM and after --max-seconds with a checkpoint."""

EXAMPLES = """\
examples:
  sfumato distill tavola --data corpus/                          writes runs/tavola-fast, for sfumato generate --fast
  sfumato distill runs/mine/model --data my-pictures/ --budget 30min
  sfumato distill tavola --data corpus/ --set consistency.guidance=[1,12] --set consistency.substeps=2
  sfumato train --resume runs/fast                               goes on with a run that was stopped
  sfumato generate "a red apple" --model runs/fast --steps 1     draws with what came out
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add = parser.add_argument
    add("model", help="the teacher: a shipped model's name, a model folder, or a run that has one")
    add("--data", type=Path, help="the pictures it learns on, those of the teacher best (also: SFUMATO_DATA)")
    add("--recipe", help="how it is done: a recipe for few steps (the teacher's name and -fast; else tavola-fast)")
    add("--set", dest="changes", action="append", default=[], metavar="A.B=C", help="change an entry of the recipe")
    add("--out", type=Path, help="the run's folder (default: runs/MODEL-fast)")
    add("--go-on", action="store_true", help="where --out holds a run already, go on with it")
    add("--images", type=int, default=0, help="end the run at this many pictures, the rate falling over half of them")
    add("--budget", metavar="TIME", help="end by the clock: 30min, 2h")
    add("--max-seconds", type=float, default=0.0, help="stop with a checkpoint after that long; resume later")
    add("--device", default="auto", help="cpu, cuda, cuda:1, mps or auto")
    add("--threads", type=int, default=0, help="CPU threads (a bit-for-bit resume needs the same number)")
    add("--cache", type=Path, help="where decoded pictures and latents are kept (also: SFUMATO_CACHE)")


def run(args: argparse.Namespace) -> int:
    """Distill; 0 when the run ended, or was stopped with a checkpoint."""
    if min(args.images, args.max_seconds, args.threads) < 0 or args.max_seconds != args.max_seconds:
        raise RecipeError("--images, --max-seconds and --threads count something; they cannot be negative")
    if args.budget and (args.images or args.max_seconds):
        raise RecipeError("--budget says when the run ends; it takes no --images and --max-seconds")
    stop = Stop(time.monotonic(), args.max_seconds)
    follow(open_session(args, stop), stop)
    return 0


def open_session(args: argparse.Namespace, stop: Stop) -> "Session":
    """A new run, or the one that --out holds."""
    import torch

    from sfumato.corpus.locate import cache_folder
    from sfumato.train.distilling import recipe_for, way_for
    from sfumato.train.material import Place
    from sfumato.train.session import begin, resume

    ends = [f"rate.images={args.images}", f"rate.cooldown={args.images // 2}"] if args.images else []
    if args.budget:
        ends = [f"rate.seconds={seconds_in(args.budget, least=60.0, most=1e7)}", "rate.images=0", "rate.cooldown=0"]
    recipe = recipe_for(args.model, args.recipe or way_for(args.model), [*ends, *args.changes])
    if args.threads:
        torch.set_num_threads(args.threads)
    device, cache = own_device(args.device), args.cache or cache_folder()
    place = Place(device=device, data=args.data, cache=cache, report=reporter(stop))
    out = args.out or Path("runs") / recipe.name
    if begun_before(out, place.team, args.go_on):
        return resume(out, place, changes=[*ends, *args.changes])
    return begin(recipe, out, place)
