"""`sfumato train DATA --recipe NAME --out RUN` and `sfumato train --resume RUN`."""

import argparse
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("data", nargs="?", type=Path, help="a corpus (.parquet), a folder of captioned pictures, or a folder of corpora")
    parser.add_argument("--data", dest="data_option", type=Path, help="the same as DATA (also: the environment's SFUMATO_DATA)")
    parser.add_argument("--recipe", help="a shipped recipe's name or a TOML file")
    parser.add_argument("--set", dest="changes", action="append", default=[], metavar="A.B=C", help="change one entry of the recipe")
    parser.add_argument("--out", type=Path, help="the run's folder (default runs/NAME)")
    parser.add_argument("--resume", type=Path, metavar="RUN", help="go on with a run from its newest sound checkpoint")
    parser.add_argument("--from", dest="start", metavar="MODEL", help="begin from a model's weights, with a new warm-up")
    parser.add_argument("--images", type=int, default=0, help="end the run at this many pictures")
    parser.add_argument("--cooldown", type=int, default=0, metavar="IMAGES", help="with --resume: end in that many pictures, rate to zero")
    parser.add_argument("--max-seconds", type=float, default=0.0, help="stop with a checkpoint after that long; resume later")
    parser.add_argument("--device", default="auto", help="cpu, cuda, cuda:1, mps or auto")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; part of what a bit-for-bit resume needs")
    parser.add_argument("--cache", type=Path, help="where decoded pictures and latents are kept (also: SFUMATO_CACHE)")


def run(args: argparse.Namespace) -> int:
    """Train; 0 when the run ended or was stopped with a checkpoint."""
    started = time.monotonic()
    from sfumato.train.events import Finished, HeldOut, Metrics, Note, Saved, Sheet, Tick
    from sfumato.train.export import export
    from sfumato.train.session import run as events

    stop = Stop(started, args.max_seconds)
    session = open_session(args)
    horizon = session.trainer.recipe.rate.images
    bar = Bar(horizon)
    stop.margin = 0.0
    for event in events(session, stop):
        match event:
            case Tick():
                bar.show(event.images, event.rate, event.loss)
            case Metrics():
                stop.checkpointed()
            case HeldOut():
                bar.line(f"{event.images} images: held-out {event.mean:.4f} ({' '.join(f'{v:.3f}' for v in event.loss)})")
            case Sheet() | Saved():
                bar.line(f"{event.images} images: wrote {event.path}")
            case Note():
                bar.line(event.text)
            case Finished():
                folder = session.folder.path
                bar.line(f"{'finished' if event.complete else 'stopped'} at {event.images} images")
                if event.complete:
                    bar.line(f"model: {export(session)}")
                else:
                    bar.line(f"go on with: sfumato train --resume {folder}")
    return 0


def open_session(args: argparse.Namespace) -> Any:
    """A new run, or the one to resume. Raises RecipeError for arguments that contradict each other."""
    import torch

    from sfumato.corpus.locate import cache_folder
    from sfumato.errors import RecipeError
    from sfumato.parts import device_named
    from sfumato.train.build import Place
    from sfumato.train.reading import load_recipe
    from sfumato.train.session import begin, resume

    if args.threads:
        torch.set_num_threads(args.threads)
    place = Place(
        device=device_named(args.device), data=args.data_option or args.data, cache=args.cache or cache_folder(), report=reporter()
    )
    changes = list(args.changes) + ([f"rate.images={args.images}"] if args.images else [])
    if args.resume:
        if args.recipe or args.start or args.out:
            raise RecipeError("--resume goes on with a run as it is; it takes no --recipe, --from or --out")
        return resume(args.resume, place, changes=changes, cooldown=args.cooldown)
    if not args.recipe:
        raise RecipeError("nothing to train: give --recipe NAME for a new run, or --resume RUN")
    recipe = load_recipe(args.recipe, changes)
    out = args.out or Path("runs") / recipe.name
    if args.start is None:
        return begin(recipe, out, place)
    from sfumato.train.start import weights_of

    weights, images = weights_of(args.start)
    return begin(recipe, out, place, weights, images)


class Stop:
    """Asked before each update: a signal came, or the time is nearly up. A second signal interrupts at once."""

    def __init__(self, started: float, seconds: float) -> None:
        self.started, self.seconds, self.margin = started, seconds, 0.0
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.ask)

    def ask(self, number: int, frame: object) -> None:
        """A signal's handler."""
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        print("\nstopping after this step, with a checkpoint (again: at once, without)", file=sys.stderr, flush=True)

    def checkpointed(self) -> None:
        """Keep a little of the time for the last checkpoint."""
        self.margin = max(self.margin, 0.02 * self.seconds)

    def __call__(self) -> bool:
        """Whether to stop now."""
        return self.asked or (self.seconds > 0 and time.monotonic() - self.started > self.seconds - self.margin)


class Bar:
    """One line on stderr, rewritten on a terminal; plain lines, one a minute, elsewhere."""

    def __init__(self, horizon: int) -> None:
        self.horizon, self.live = horizon, sys.stderr.isatty()
        self.width, self.last = 0, 0.0

    def show(self, images: int, rate: float, loss: float) -> None:
        """Where the run is."""
        if not self.live and time.monotonic() - self.last < 60:
            return
        self.last = time.monotonic()
        text = f"{images} images"
        if self.horizon:
            part = min(1.0, images / self.horizon)
            left = duration((self.horizon - images) / rate) if rate else "?"
            text = f"[{'#' * int(24 * part):24s}] {100 * part:.1f} % of {self.horizon} images, {left} left"
        text += f", {rate:.1f} pictures/s, loss {loss:.4f}"
        if self.live:
            print("\r" + text.ljust(self.width), end="", file=sys.stderr, flush=True)
            self.width = len(text)
        else:
            print(text, file=sys.stderr, flush=True)

    def line(self, text: str) -> None:
        """A line of its own, above the bar."""
        print(("\r" if self.live else "") + text.ljust(self.width), file=sys.stderr, flush=True)
        self.width = 0


def reporter() -> Callable[[str, int, int], None]:
    """Tells of preparations, every ten seconds at most and at their end."""
    last = [0.0]

    def report(what: str, done: int, total: int) -> None:
        if done == total or time.monotonic() - last[0] > 10:
            last[0] = time.monotonic()
            print(f"{what}: {done} of {total}", file=sys.stderr, flush=True)

    return report


def duration(seconds: float) -> str:
    """1:02:03 or 2:03."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"
