"""`sfumato train DATA --from-nothing`: text encoder, autoencoder and denoiser of these pictures and captions alone.

Three runs in one folder, one after the other, each with its share of the time and each what `sfumato train` would do:

    OUT/towers        recipe towers: a tokenizer of the captions, and a text encoder that knows which picture is meant
    OUT/autoencoder   recipe autoencoder, where pictures are larger than train/family.SMALL; smaller ones need none
    OUT/denoiser      the network that the rest of the time suits, told by the first in the latents of the second

The parts that ship have seen more pictures and more words than one's own: without them nothing is gained, but that all
of what is made comes from what one has.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from sfumato.cli.duration import seconds_in
from sfumato.cli.train_budget import UNSAID
from sfumato.errors import RecipeError

SHARES = {"towers": 0.2, "autoencoder": 0.3}
"""Of the time; the denoiser has what is left."""
LEAST = 600.0
"""Seconds: 120 of them, the least budget of a run, for the towers."""
LATENTS = ("network.in_channels=12", "network.out_channels=12")
"""What recipe autoencoder makes of a picture."""
TOLD = ("network.token_dim=256", "network.pooled_dim=256")
"""What recipe towers makes of a prompt."""

Words = list[str]


def from_nothing(args: argparse.Namespace, train: Callable[[Words], int]) -> int:
    """All of it; the exit code."""
    from sfumato.train.budget import MOST

    refuse_beside(args)
    seconds = seconds_in(args.budget or UNSAID, least=LEAST, most=MOST)
    if not args.budget:
        print(f"takes {UNSAID}: --budget TIME takes another", file=sys.stderr, flush=True)
    return chain(args, seconds, in_latents(args), train)


def in_latents(args: argparse.Namespace) -> bool:
    """Whether the pictures are so large that a denoiser of their pixels would be slow."""
    import torch

    from sfumato.corpus.locate import cache_folder
    from sfumato.train.budget import LEAST as SHORT
    from sfumato.train.budget import Budget
    from sfumato.train.family import SMALL, in_pixels
    from sfumato.train.material import Place
    from sfumato.train.taste import taste

    data, cache = args.data_option or args.data, args.cache or cache_folder()
    place = Place(device=torch.device("cpu"), data=data, cache=cache, report=lambda *_: None)
    return taste(Budget(SHORT, place, began=0.0, changes=in_pixels()).recipe(), place).side > SMALL


def refuse_beside(args: argparse.Namespace) -> None:
    """Raise RecipeError for what says otherwise what is trained."""
    named = ("recipe", "start", "resume", "export", "images", "cooldown", "max_seconds")
    if given := [f"--{'from' if name == 'start' else name.replace('_', '-')}" for name in named if getattr(args, name)]:
        raise RecipeError(f"--from-nothing trains three networks within --budget; it takes no {', '.join(given)}")


def chain(args: argparse.Namespace, seconds: float, latents: bool, train: Callable[[Words], int]) -> int:
    """Run what is not finished. `train` takes the words of a `sfumato train` and answers its exit code."""
    for folder, words in stages(args, seconds, latents):
        if (folder / "model").is_dir():
            print(f"{folder}: finished", file=sys.stderr, flush=True)
            continue
        print(f"{folder}: sfumato train {' '.join(words)}", file=sys.stderr, flush=True)
        code = train([*words, "--go-on", "--out", str(folder)])
        if code or not (folder / "model").is_dir():
            print("the same command again goes on from here", file=sys.stderr, flush=True)
            return code
    return 0


def stages(args: argparse.Namespace, seconds: float, latents: bool) -> Iterator[tuple[Path, Words]]:
    """The folder of each run, and its words but for that."""
    out, left = args.out or Path("runs") / "from-nothing", seconds
    text = f'text={{kind="tower",max_tokens=32,folder="{(out / "towers" / "model").as_posix()}"}}'
    changes = [text, *TOLD]
    for name in ("towers", "autoencoder") if latents else ("towers",):
        share = SHARES[name] * seconds
        left -= share
        yield out / name, [*common(args), "--recipe", name, "--budget", spelled(share)]
    if latents:
        changes += [f"space.autoencoder={(out / 'autoencoder' / 'model').as_posix()}", *LATENTS]
    words = [word for change in [*changes, *args.changes] for word in ("--set", change)]
    yield out / "denoiser", [*common(args), "--budget", spelled(left), *words]


def common(args: argparse.Namespace) -> Words:
    """What all three are told."""
    data = args.data_option or args.data
    given = (("--device", args.device), ("--threads", args.threads), ("--cache", args.cache))
    return ([] if data is None else [str(data)]) + [str(part) for pair in given if pair[1] for part in pair]


def spelled(seconds: float) -> str:
    """A --budget in whole seconds."""
    return f"{seconds:.0f}s"
