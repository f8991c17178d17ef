"""`sfumato train DATA --recipe NAME --out RUN` and `sfumato train --resume RUN`."""

import argparse
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfumato.cli.launch import own_device
from sfumato.cli.train_budget import UNSAID, budget_of, refuse_beside
from sfumato.cli.train_opening import open_session
from sfumato.cli.training_bar import TrainingBar

if TYPE_CHECKING:
    from sfumato.train.material import Place
    from sfumato.train.session import Session

HELP = """\
Train a denoiser, an autoencoder or text towers on captioned pictures, after a recipe. A run stops on Ctrl-C, on
SIGTERM and after --max-seconds with a checkpoint, and goes on from it, bit for bit on the CPU, by --resume."""

EXAMPLES = """\
examples:
  sfumato train corpus/ --recipe tavola --set space.autoencoder=runs/autoencoder/model --out runs/mine
  sfumato train corpus/ --recipe towers --out runs/towers        a text encoder with nothing pretrained
  sfumato train my-pictures/                    what can be learnt in 30 minutes on this machine
  sfumato train my-pictures/ --budget 8h        in that time
  sfumato train my-pictures/ --from tavola --cooldown 10000     fine-tune on 10,000: its own recipe, a fifth of its rate
  sfumato train my-pictures/ --from-nothing --budget 2h      with no weights but its own: three runs after each other
  sfumato train --resume runs/mine
  sfumato train --resume runs/mine --cooldown 50000     end in 50,000 pictures, the learning rate going to zero
  sfumato train --resume runs/mine --export mymodel     the weights so far as a model folder; no training
  sfumato train --resume runs/mine --export early --at 25000     as they were: for sfumato generate --weak early
  torchrun --nproc-per-node 2 --max-restarts 3 -m sfumato train corpus/ --recipe tavola --out runs/mine
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add = parser.add_argument
    add("data", nargs="?", type=Path, help="a corpus (.parquet), a folder of captioned pictures, or of corpora")
    add("--data", dest="data_option", type=Path, help="the same as DATA (also: the environment's SFUMATO_DATA)")
    add("--recipe", help="a shipped recipe's name or a TOML file")
    add("--set", dest="changes", action="append", default=[], metavar="A.B=C", help="change an entry of the recipe")
    add("--out", type=Path, help="the run's folder (default: runs/NAME)")
    add("--resume", type=Path, metavar="RUN", help="go on with a run from its newest sound checkpoint")
    add(
        "--from-nothing", action="store_true", help="no shipped weights: trains text, latents and picture on DATA alone"
    )
    add(
        "--from",
        dest="start",
        metavar="MODEL",
        help="begin from a model's weights, with a new warm-up; without --recipe by its own, at a fifth of its rate",
    )
    add("--go-on", action="store_true", help="where --out holds a run already, go on with it")
    add("--accept-data-change", action="store_true", help="with --resume, --go-on: though the pictures changed")
    add("--images", type=int, default=0, help="end the run at this many pictures")
    add("--budget", metavar="TIME", help="choose network, batch and schedule for 5min, 1h30min, 2d, and end then")
    add("--cooldown", type=int, default=0, metavar="IMAGES", help="end in that many pictures, the rate going to 0")
    add("--max-seconds", type=float, default=0.0, help="stop with a checkpoint after that long; resume later")
    add("--export", type=Path, metavar="DIR", help="with --resume: write the weights so far as a model, and stop")
    add("--average", type=float, metavar="WIDTH", help="with --export: the average of that relative width (snapshots)")
    add("--at", type=int, default=0, metavar="IMAGES", help="with --export: as it was then (snapshots); a weak model")
    add("--device", default="auto", help="cpu, cuda, cuda:1, mps or auto")
    add("--spread", choices=("copies", "shards"), default="copies", help="under torchrun: what each process has")
    add("--threads", type=int, default=0, help="CPU threads (a bit-for-bit resume needs the same number)")
    add("--cache", type=Path, help="where decoded pictures and latents are kept (also: SFUMATO_CACHE)")


def run(args: argparse.Namespace) -> int:
    """Train; 0 when the run ended, or was stopped with a checkpoint."""
    if args.from_nothing:
        from sfumato.cli.train_from_nothing import from_nothing

        return from_nothing(args, one)
    check(args)
    stop = Stop(time.monotonic(), args.max_seconds)
    session = open_session(args, place_of(args, stop), stop.began)
    if args.export:
        from sfumato.train.export import export

        session.folder.close()
        if args.average is not None:
            from sfumato.train.posthoc import average_of

            session.trainer.average.load(average_of(session.folder.path / "averages", args.average))
            session.facts["average"] = args.average
        if args.at:
            from sfumato.train.early import as_it_was

            as_it_was(session, args.at)
        print(export(session, args.export))
    else:
        follow(session, stop)
    return 0


def one(words: Sequence[str]) -> int:
    """A run by the words of its command."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args(words))


def follow(session: "Session", stop: "Stop") -> None:
    """Train, telling of it; at the run's end write the model, before it say how to go on."""
    from sfumato.train.export import export
    from sfumato.train.session import run as events
    from sfumato.train.team import leave

    leads = session.trainer.spread.team.leads
    if session.trainer.recipe.rate.seconds:
        from sfumato.train.timekeeping import by_the_clock

        by_the_clock(session, stop.began)
    bar = TrainingBar(session.trainer.recipe.rate.images, session.trainer.progress.warm_from)
    for event in events(session, stop):
        if leads:
            tell(event, bar)
    leave()
    if leads and session.trainer.finished:
        print(export(session))
    elif leads:
        bar.line(f"go on with: sfumato train --resume {session.folder.path}")


def check(args: argparse.Namespace) -> None:
    """Raise RecipeError for arguments that contradict each other."""
    from sfumato.errors import RecipeError

    if args.resume and (args.recipe or args.start or args.out):
        raise RecipeError("--resume goes on with a run as it is; it takes no --recipe, --from or --out")
    if budget_of(args) is not None:
        refuse_beside(args)
    elif not (args.resume or args.recipe or args.start):
        raise RecipeError(
            f"nothing to train: give --recipe NAME, or DATA and --budget TIME ({UNSAID} where it is left out), for a "
            "new run, or --resume RUN"
        )
    if not args.resume and args.export:
        raise RecipeError("--export is for a run that exists; name it by --resume RUN")
    if args.cooldown and args.images:
        raise RecipeError("--images and --cooldown both say where the run ends; give one of them")
    if args.average is not None and not (args.export and args.average > 0):
        raise RecipeError("--average is a width above 0, for --export: it says which average of the weights is written")
    if args.at < 0 or (args.at and (not args.export or args.average is not None)):
        raise RecipeError("--at counts images, for --export without --average: it says which snapshot is written")
    if min(args.images, args.cooldown, args.max_seconds, args.threads) < 0 or args.max_seconds != args.max_seconds:
        raise RecipeError("--images, --cooldown, --max-seconds and --threads count something; they cannot be negative")


def tell(event: Any, bar: TrainingBar) -> None:
    """One event, for people."""
    from sfumato.train import events

    match event:
        case events.Tick():
            bar.show(event.images, event.rate, event.loss)
        case events.HeldOut():
            levels = " ".join(f"{value:.3f}" for value in event.loss)
            bar.line(f"{event.images} images: held-out {event.mean:.4f} ({levels})")
            if event.caption is not None:
                low, high = event.caption.interval
                gains = " ".join(f"{value:+.3f}" for value in event.caption.gain)
                bar.line(f"  another caption costs {event.caption.mean:+.4f} [{low:+.4f}, {high:+.4f}] ({gains})")
        case events.Sheet() | events.Saved():
            bar.line(f"{event.images} images: wrote {event.path}")
        case events.Horizon():
            bar.horizon = event.end
        case events.Note():
            bar.line(event.text)
        case events.Finished():
            bar.line(f"{'finished' if event.complete else 'stopped'} at {event.images} images")


def place_of(args: argparse.Namespace, stop: "Stop") -> "Place":
    """Where the run happens; the number of CPU threads is set as well."""
    import torch

    from sfumato.corpus.locate import cache_folder
    from sfumato.train.material import Place
    from sfumato.train.team import gather_team

    if args.threads:
        torch.set_num_threads(args.threads)
    device = own_device(args.device)
    return Place(
        device=device,
        team=gather_team(device),
        spread=args.spread,
        data=args.data_option or args.data,
        cache=args.cache or cache_folder(),
        report=reporter(stop),
    )


class Stop:
    """Asked before each update: a signal came, or the time is nearly up. A second signal interrupts at once."""

    def __init__(self, started: float, seconds: float) -> None:
        self.began = started
        self.until = started + seconds - min(5.0, 0.05 * seconds) if seconds else float("inf")
        self.asked, self.calls = False, 0
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.ask)

    def ask(self, number: int, frame: object) -> None:
        """A signal's handler."""
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        print("stopping after this step, with a checkpoint (again: at once, without)", file=sys.stderr, flush=True)

    def __call__(self) -> bool:
        """Whether to stop now; a slice makes at least one update, however long its preparations took."""
        self.calls += 1
        return self.asked or (self.calls > 1 and time.monotonic() > self.until)


def reporter(stop: Stop) -> Callable[[str, int, int], None]:
    """Tells of preparations, every ten seconds at most and at their end; a signal ends them."""
    last = [float("-inf")]

    def report(what: str, done: int, total: int) -> None:
        if stop.asked:
            raise KeyboardInterrupt
        if done == total or time.monotonic() - last[0] > 10.0:
            last[0] = time.monotonic()
            print(f"{what}: {done} of {total}", file=sys.stderr, flush=True)

    return report
