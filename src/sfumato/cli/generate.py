"""`sfumato generate`: prompts in, pictures out."""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sfumato.cli.settings import SETTINGS, gather
from sfumato.errors import RecipeError

HELP = "Make pictures from prompts. Each one carries its whole recipe; nothing is ever overwritten."
EXAMPLES = """\
examples:
  sfumato generate "a red apple, 3d render"
  sfumato generate "a blue cat" "a green cat" --count 4 --seed 7 --out cats
  sfumato generate --prompts prompts.txt --format webp --json
  sfumato generate "a red apple" --sampler dpmpp-2m --steps 20 --guidance 3
  sfumato generate "a red apple" --sampler ddim:eta=0.5 --negative "a green apple"
  sfumato generate --like pictures/a-red-apple-0.png
  sfumato generate "a green apple" --init apple.png --strength 0.5
  sfumato generate "a yellow leaf" --init apple.png --mask mask.png
  sfumato generate --between "a red apple" "a green pear" --frames 12 --sheet way.gif
  sfumato generate "a red apple" --model runs/mine --weak early --guidance 2
  sfumato generate --fast "a red apple" --steps 1
  sfumato generate "a red apple" --trace trace && sfumato inspect trace

exit codes: 0 done, 2 bad input, 130 interrupted (finished pictures are kept)
"""
FLAGS = {
    "model": ("NAME|FOLDER", "a shipped model or a model folder (see `sfumato info`)"),
    "seed": ("N", "the first picture's seed; the next have N + 1, ... (0)"),
    "count": ("N", "pictures for each prompt (1)"),
    "sampler": ("NAME", "ddim, dpmpp-2m, heun, ...; options as ddim:eta=0.5"),
    "grid": ("NAME", "which noise levels to visit: trailing, karras, ..."),
    "steps": ("N", "steps from noise to picture"),
    "guidance": ("W", "0 ignores the prompt, 1 follows it plainly, more exaggerates it"),
    "interval": ("LOW:HIGH", "guide only between these times, 0 clean to 1 noise (0:1)"),
    "threshold": ("NAME", "bounds of what it believes: none, static:limit=1, dynamic:ratio=0.995 (the model's own)"),
    "weak": ("NAME|FOLDER", "a worse model of the same kind: guidance is away from that (autoguidance)"),
    "student": ("NAME|FOLDER", "with --fast: that student (else MODEL-fast: shipped, beside the model, or in runs/)"),
    "negative": ("PROMPT", "what to steer away from"),
    "size": ("WxH", "pixels, of the sizes that the model draws"),
    "device": ("NAME", "cpu, cuda, cuda:1, mps or auto (cpu)"),
    "microbatch": ("B", "pictures in each call of the network; part of the recipe (1)"),
    "background": ("COLOUR", "behind a picture with alpha: white, #rrggbb, or transparent to keep the alpha (white)"),
    "scale": ("N", "how many times larger than drawn the picture is made: 1, 2 or 4 (1)"),
    "out": ("FOLDER|FILE", "where pictures go (pictures)"),
    "format": ("KIND", "png, jpeg or webp (png)"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of this command; values are read later, as those of the environment are."""
    parser.add_argument("prompt", nargs="*", metavar="PROMPT", help="what to draw; '' draws without a prompt")
    parser.add_argument("--prompts", metavar="FILE", help="a file with one prompt a line ('-' reads standard input)")
    parser.add_argument("--like", metavar="PICTURE", help="make a picture again from its recipe; other flags change it")
    for name, (metavar, words) in FLAGS.items():
        parser.add_argument(f"--{name}", metavar=metavar, help=words)
    parser.add_argument(
        "--fast",
        action="store_const",
        const="yes",
        help="draw with the model's student (`sfumato distill` makes it), in 1 to 4 evaluations: --steps, 4 by default",
    )
    parser.add_argument("--init", metavar="PICTURE", help="draw over this picture instead of from nothing")
    parser.add_argument("--mask", metavar="PICTURE", help="with --init: white is drawn anew, black stays bit for bit")
    parser.add_argument(
        "--strength", metavar="S", help="with --init: how far from it to go, above 0 to 1 (0.6; with --mask 1)"
    )
    parser.add_argument(
        "--between",
        nargs=2,
        metavar="PROMPT",
        help="pictures on the way from one prompt to another, and a sheet of them",
    )
    parser.add_argument("--to-seed", metavar="N", help="with --between: the other end's seed (that of --seed)")
    parser.add_argument("--frames", metavar="N", help="with --between: how many pictures, both ends among them (8)")
    parser.add_argument(
        "--sheet", metavar="FILE", help="all pictures in one more file: side by side (.png), moving (.gif)"
    )
    parser.add_argument(
        "--private",
        action="store_const",
        const="yes",
        help="keep prompt and seed out of the picture, in a file beside it",
    )
    parser.add_argument("--trace", metavar="FOLDER", help="store every step there (look at it with `sfumato inspect`)")
    parser.add_argument(
        "--attention", metavar="PATTERN", help="with --trace: store the maps of these layers too, such as '*cross*'"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of lines")


@dataclass
class Report:
    """What was made so far, and how to say so."""

    as_json: bool
    begin: float = field(default_factory=time.perf_counter)
    made: list[dict[str, Any]] = field(default_factory=list)
    sheet: str | None = None
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Tell the user something once, on stderr."""
        if text not in self.notes:
            self.notes.append(text)
            print(f"sfumato: note: {text}", file=sys.stderr)

    def add(self, path: Path, picture: Any) -> None:
        """A picture is finished."""
        entry = {"path": str(path), "prompt": picture.recipe.prompt, "seed": picture.recipe.seed}
        self.made.append(entry | {"pixels_sha256": picture.pixels_sha256, "recipe": picture.recipe.to_dict()})
        if not self.as_json:
            print(path, flush=True)

    def close(self, *, interrupted: bool = False, traces: Sequence[str] = ()) -> int:
        """Say how long it took; answers the exit code."""
        from sfumato.cli.bar import spell

        seconds = time.perf_counter() - self.begin
        if self.as_json:
            document = {
                "pictures": self.made,
                "seconds": round(seconds, 3),
                "interrupted": interrupted,
                "notes": self.notes,
            }
            whole = {} if self.sheet is None else {"sheet": self.sheet}
            print(json.dumps(document | {"traces": list(traces)} | whole, indent=2))
        else:
            if self.sheet is not None:
                print(self.sheet)
            n = len(self.made)
            words = f"{n} picture{'' if n == 1 else 's'} in {spell(seconds)}"
            print(f"{words}, interrupted" if interrupted else words)
            for trace in traces:
                print(f"trace in {trace}; look at it with: sfumato inspect {trace}")
        return 130 if interrupted else 0


def run(arguments: argparse.Namespace) -> int:
    """Make the pictures."""
    from sfumato.cli.drawing import draw
    from sfumato.cli.over import Over
    from sfumato.cli.way import Way

    flags = {name: getattr(arguments, name) for name in SETTINGS}
    settings = gather(flags)
    if arguments.attention and not arguments.trace:
        raise RecipeError("--attention has nowhere to go; give --trace FOLDER too")
    if arguments.student and not settings.get("fast", False):
        raise RecipeError("--student names what --fast draws with; give --fast too")
    way, report = Way.read(arguments), Report(arguments.json)
    if arguments.like:
        from sfumato.cli.like import again

        if arguments.fast:
            raise RecipeError("--like draws with the model that drew the picture; name a student with --model FOLDER")
        if arguments.prompts or arguments.sheet or len(arguments.prompt) > 1:
            raise RecipeError("--like makes one picture again; give at most one PROMPT to change it, and no --sheet")
        given = {name for name, value in flags.items() if value is not None}
        return again(arguments, settings, given, report)
    prompts = (
        [way.start, way.end]
        if way
        else [*arguments.prompt, *(read_prompts(arguments.prompts) if arguments.prompts else ())]
    )
    if not prompts:
        raise RecipeError("no prompt was given; write one in quotes ('' for none), or name a file with --prompts")
    over = Over.read(arguments)
    recording = {"trace": arguments.trace, "attention": arguments.attention}
    return draw(prompts, settings, report, over=over, way=way, sheet=arguments.sheet, **recording)


def read_prompts(name: str) -> Iterator[str]:
    """The lines of a UTF-8 file that are not blank. Raises RecipeError."""
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        lines = data.decode("utf-8-sig").splitlines()
    except OSError as problem:
        raise RecipeError(
            f"cannot read the prompts in {name}: {(problem.strerror or 'error').lower()}; check its name"
        ) from problem
    except ValueError as problem:
        raise RecipeError(f"the prompts in {name} are not UTF-8 text; save the file as UTF-8") from problem
    return (line.strip() for line in lines if line.strip())
