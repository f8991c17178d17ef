"""`--init`, `--mask` and `--strength`: the picture that `sfumato generate` draws over."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sfumato.canvas import Canvas
from sfumato.cli.settings import convert
from sfumato.errors import RecipeError
from sfumato.model import Model
from sfumato.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Over:
    """What stands on the command line."""

    init: str | None = None
    mask: str | None = None
    strength: float | None = None

    @classmethod
    def read(cls, arguments: argparse.Namespace) -> "Over":
        """From the flags. Raises RecipeError where one of them has nothing to work on."""
        strength = None if arguments.strength is None else convert(float, arguments.strength, "--strength")
        over = cls(init=arguments.init, mask=arguments.mask, strength=strength)
        if not arguments.like:
            over.refuse_alone()
        return over

    def refuse_alone(self) -> None:
        """Raise RecipeError where a mask or a strength has no picture to work on."""
        alone = [f"--{name}" for name in ("mask", "strength") if getattr(self, name) is not None]
        if alone and self.init is None:
            raise RecipeError(f"{alone[0]} says how a picture is drawn over; name that picture with --init")

    def canvas(self, model: Model, settings: Mapping[str, Any]) -> Canvas | None:
        """The picture to draw over, opened."""
        if self.init is None:
            return None
        return model.canvas(self.init, self.mask, size=settings.get("size"), scale=settings.get("scale", 1))


def remarks(canvas: Canvas | None, kind: str) -> tuple[str, ...]:
    """What the user should know of how the picture is used, and of what a file of that kind keeps of it."""
    if canvas is None:
        return ()
    lossy = kind == "jpeg" and canvas.redrawn is not None
    return (
        *canvas.notes,
        *(["a JPEG changes every pixel, the masked ones too; png and webp keep them"] if lossy else []),
    )


def complete(over: Over, old: Recipe, name: str) -> None:
    """Raise RecipeError where a picture that is to be made again lacks a file, or has no use for one that was given."""
    for what in ("init", "mask"):
        digest = getattr(old, what)
        if digest and getattr(over, what) is None:
            raise RecipeError(
                f"{name} was drawn over a picture and its {what} is missing: give the file whose pixels have the "
                f"sha256 {digest[:16]}... with --{what}"
            )
    over.refuse_alone()


def compare(canvas: Canvas | None, old: Recipe, over: Over, report: Any) -> None:
    """Say before the work which file is not the one that the picture was made with."""
    if canvas is None:
        return
    for what in ("init", "mask"):
        was, now = getattr(old, what), getattr(canvas.under, what)
        if was != now:
            report.note(
                f"{what} differs: the picture was made with {f'pixels {was[:16]}' if was else 'none'}, "
                f"{getattr(over, what) or 'here'} has {now[:16] or 'none'}; expect another picture"
            )
