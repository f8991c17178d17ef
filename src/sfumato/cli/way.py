"""`--between A B`: pictures on the way from one prompt and seed to another, and `--sheet`: all of them in one file."""

import argparse
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from sfumato.cli.output import Output, slug
from sfumato.cli.settings import SETTINGS, convert
from sfumato.errors import OutputError, RecipeError
from sfumato.model import Model
from sfumato.picture import Picture
from sfumato.recipe import Recipe
from sfumato.sheet import kind_of, write_sheet

FRAMES = 8


@dataclass(frozen=True, kw_only=True)
class Way:
    """From one prompt and seed to another in so many pictures, both ends among them."""

    start: str
    end: str
    to_seed: int | None
    frames: int

    @classmethod
    def read(cls, arguments: argparse.Namespace) -> "Way | None":
        """From the flags; None without --between. Raises RecipeError where they do not fit together."""
        if arguments.between is None:
            for name in ("frames", "to_seed"):
                if getattr(arguments, name) is not None:
                    raise RecipeError(f"--{name.replace('_', '-')} says how --between goes on; give its two prompts")
            return None
        if arguments.prompt or arguments.prompts or arguments.like or arguments.count:
            raise RecipeError("--between draws its own two prompts, --frames N pictures; leave out others and --count")
        whole = SETTINGS["seed"]
        frames = FRAMES if arguments.frames is None else convert(whole, arguments.frames, "--frames")
        if not 2 <= frames <= 1000:
            raise RecipeError(f"--frames is {frames}; a way has 2 to 1000 pictures, both ends among them")
        to_seed = None if arguments.to_seed is None else convert(whole, arguments.to_seed, "--to-seed")
        start, end = arguments.between
        return cls(start=start, end=end, to_seed=to_seed, frames=frames)

    def recipes(self, model: Model, *, seed: int, **chosen: Any) -> list[Recipe]:
        """A recipe for each picture, evenly along the way."""
        to_seed = seed if self.to_seed is None else self.to_seed
        if self.start == self.end and seed == to_seed:
            raise RecipeError("--between has one prompt and one seed at both ends; give another prompt, or --to-seed")
        return model.way(self.start, self.end, seed=seed, to_seed=to_seed, count=self.frames, **chosen)


@dataclass(eq=False)
class Sheet:
    """An output that also writes all pictures into one file once the last one is there."""

    output: Output
    path: Path
    pictures: int
    report: Any
    made: list[Picture] = field(default_factory=list)

    def write(self, picture: Picture) -> Path:
        """Write the picture; after the last one the sheet."""
        place = self.output.write(picture)
        self.made.append(picture)
        if len(self.made) == self.pictures:
            self.report.sheet = str(write_sheet(self.path, self.made, private=self.output.private))
        return place


def sheet_at(name: str | None, way: Way | None, output: Output) -> Path | None:
    """Where all pictures go together: the name that was given; for a way a free one beside its pictures; else nowhere.

    Raises OutputError, before any work, for a name that is taken or ends in something else.
    """
    if name is not None:
        path = Path(name)
        kind_of(path)
        if path.exists():
            raise OutputError(f"{name} exists already and is not overwritten; choose another name")
        if not path.parent.is_dir():
            raise OutputError(f"there is no folder {path.parent} for {path.name}; make it first")
        return path
    if way is None:
        return None
    stem = "private" if output.private else f"{slug(way.start)}-to-{slug(way.end)}"
    paths = (output.folder / f"{stem}{'' if k == 1 else f'-{k}'}.png" for k in count(1))
    return next(path for path in paths if not path.exists())
