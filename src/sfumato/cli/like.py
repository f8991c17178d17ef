"""`sfumato generate --like PICTURE`: a recipe out of a picture, a picture out of it, and whether both agree."""

import argparse
import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from sfumato.canvas import Canvas
from sfumato.cli.drawing import RECIPE_SETTINGS, draw_recipes, load_evenly, output_for
from sfumato.cli.over import Over, compare, complete, remarks
from sfumato.cli.threads import Threads
from sfumato.errors import CheckpointError, RecipeError
from sfumato.model import Model
from sfumato.picture import Picture
from sfumato.provenance.files import pixels_of, read
from sfumato.recipe import Recipe
from sfumato.weak import find_weak


def again(arguments: argparse.Namespace, settings: Mapping[str, Any], given: set[str], report: Any) -> int:
    """Make a picture again; only what stands on the command line itself changes the recipe."""
    record, pixels, kind = read(arguments.like)
    if record.recipe is None:
        raise RecipeError(
            f"the recipe of {arguments.like} is private; put its sidecar {Path(arguments.like).name}.json beside it"
        )
    old, over = record.recipe, Over.read(arguments)
    complete(over, old, arguments.like)
    changes = {name: settings[name] for name in given if name in (*RECIPE_SETTINGS, "seed")}
    if arguments.prompt:
        changes["prompt"] = arguments.prompt[0]
    format_given = {"format": settings.get("format", kind) if "format" in given else kind}
    private = {"private": settings.get("private", False) or record.private}
    output = output_for({**settings, **format_given, **private}, settings["count"] if "count" in given else 1)
    threads = Threads()
    model = _load(threads, old, settings, given)
    canvas = over.canvas(model, {"size": old.size, "scale": old.scale, **changes})
    recipe = renewed(model, old, changes, over, canvas, given)
    _compare_engines(old, recipe, report)
    for note in remarks(canvas, output.kind):
        report.note(note)
    compare(canvas, old, over, report)
    recipes = [replace(recipe, seed=recipe.seed + k) for k in range(settings["count"] if "count" in given else 1)]
    return draw_recipes(
        threads,
        model,
        recipes,
        Checked(output, old, recipe, pixels, kind, report),
        report,
        canvas=canvas,
        trace=arguments.trace,
        attention=arguments.attention,
    )


def _load(threads: Threads, old: Recipe, settings: Mapping[str, Any], given: set[str]) -> Model:
    source, weak = settings["model"] if "model" in given else old.model, settings["weak"] if "weak" in given else None
    try:
        weak = weak or find_weak(source, old.guidance)
        if old.guidance.get("kind") == "auto" and weak is None:
            digest = str(old.guidance.get("weak"))[:16]
            raise RecipeError(f"the picture was guided by a weak model, {digest}...; name its folder with --weak")
        return load_evenly(threads, source, settings.get("device", "cpu"), old.dtype, weak)
    except CheckpointError as problem:
        if "model" in given:
            raise
        raise CheckpointError(
            f"the picture was made by {old.model!r}: {problem}; name its folder with --model"
        ) from problem


def renewed(
    model: Model, old: Recipe, changes: Mapping[str, Any], over: Over, canvas: Canvas | None, given: set[str]
) -> Recipe:
    """The old recipe for the model at hand, with what the user changed."""
    settings = {
        "prompt": old.prompt,
        "seed": old.seed,
        "negative": old.negative,
        "steps": old.steps,
        "guidance": old.guidance,
        "sampler": old.sampler,
        "grid": old.grid,
        "size": old.size,
        "microbatch": old.microbatch,
        "background": old.background,
        "scale": old.scale,
        "between": old.between,
        "threshold": old.threshold,
        "canvas": canvas,
        "strength": old.strength if over.strength is None and old.init else over.strength,
    }
    changes = {**changes, "guidance": guided(model, old.guidance, changes, "weak" in given)}
    return model.recipe(**{**settings, **changes})


def guided(model: Model, old: Mapping[str, Any], changes: Mapping[str, Any], named: bool) -> dict[str, Any]:
    """The old guidance with another scale; by the weak model at hand where the user `named` one."""
    weak = model.bundle.weak if named else None
    kind = {} if weak is None else {"kind": "auto", "weak": weak.model_hash}
    options = dict(old) if weak is None or old.get("kind") == "auto" else {}
    return options | kind | ({"scale": changes["guidance"]} if "guidance" in changes else {})


def _compare_engines(old: Recipe, new: Recipe, report: Any) -> None:
    """Say before the work what may keep the pixels from being the same."""
    if old.model_hash != new.model_hash:
        report.note(
            f"the model differs: the picture was made by {old.model!r} {old.model_hash[:12]}, this is {new.model!r} "
            f"{new.model_hash[:12]}; expect another picture"
        )
    was, now = (str(recipe.guidance.get("weak", "")) for recipe in (old, new))
    if was and was != now:
        report.note(f"the weak model differs: it was {was[:12]}, this is {now[:12]}; expect another picture")
    for name in sorted({*old.engine, *new.engine}):
        if old.engine.get(name) != new.engine.get(name):
            report.note(
                f"{name} was {old.engine.get(name)!r}, here it is {new.engine.get(name)!r}; the last bits may differ"
            )


class Checked:
    """An output that compares each picture of the same recipe with the one that it is like."""

    def __init__(self, output: Any, old: Recipe, new: Recipe, pixels: np.ndarray, kind: str, report: Any) -> None:
        self.output, self.pixels, self.kind, self.report = output, pixels, kind, report
        self.same = replace(new, engine=old.engine, model=old.model, model_hash=old.model_hash) == old
        self.seed = old.seed

    def write(self, picture: Picture) -> Path:
        """Write it, then say whether the pixels are the same."""
        path = self.output.write(picture)
        if self.same and picture.recipe.seed == self.seed:
            self.report.note(verdict(self.pixels, _through_file(picture, self.kind)))
        return path


def _through_file(picture: Picture, kind: str) -> np.ndarray:
    """The picture's pixels after encoding as `kind`, so that a JPEG is compared with a JPEG."""
    data, _ = picture.encode(kind)
    with PIL.Image.open(io.BytesIO(data)) as image:
        return pixels_of(image)


def verdict(old: np.ndarray, new: np.ndarray) -> str:
    """One sentence on how two pictures compare."""
    if old.shape != new.shape:
        return f"another size: {old.shape[1]}x{old.shape[0]} then, {new.shape[1]}x{new.shape[0]} now"
    gap = np.abs(old.astype(np.int16) - new.astype(np.int16))
    if not gap.any():
        return "the same pixels, every one"
    share = float((gap.max(axis=-1) > 0).mean())
    close = "close" if gap.max() <= 2 else "different"
    return f"{close}: {share:.1%} of the pixels differ, by at most {int(gap.max())} of 255"
