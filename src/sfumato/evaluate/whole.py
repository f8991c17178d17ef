"""An evaluation from model to numbers: draw, look, measure, and put together what is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8

from sfumato.corpus.decode import channels_of
from sfumato.corpus.source import open_source
from sfumato.evaluate.agreement import agreement_lines
from sfumato.evaluate.captions import caption_line
from sfumato.evaluate.copies import Copies, find_copies
from sfumato.evaluate.diversity import diversity_line, seeds_of
from sfumato.evaluate.drawing import draw, pixels
from sfumato.evaluate.features import SIZE, Features
from sfumato.evaluate.ground import Ground, Report
from sfumato.evaluate.line import Line
from sfumato.evaluate.measures import measure
from sfumato.model import Model
from sfumato.recipe import Recipe
from sfumato.text.score import load_score

CAPTIONS = 64
"""Rows whose captions are exchanged."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Evaluation:
    """What was drawn and what was found; recipes are those of the first seed, pictures by seeds, then by prompts."""

    recipes: Sequence[Recipe]
    pictures: UInt8[np.ndarray, "seeds n s s 3"]
    lines: Sequence[Line]
    copies: Copies

    @property
    def seeds(self) -> int:
        """Pictures of each prompt."""
        return len(self.pictures)


def recipes_of(model: Model, ground: Ground, settings: Mapping[str, Any]) -> list[Recipe]:
    """Prompt k with seed k. Raises RecipeError for a setting that the model cannot do."""
    return [model.recipe(prompt, seed=k, **settings) for k, prompt in enumerate(ground.prompts)]


def evaluate(
    model: Model,
    ground: Ground,
    features: Features,
    recipes: Sequence[Recipe],
    out: Path,
    *,
    seeds: int,
    report: Report,
) -> Evaluation:
    """Draw into out/pictures, and the further ones of `seeds` pictures of each prompt into out/seeds; measure.

    Raises RecipeError where those folders hold pictures of other recipes; OutputError where they cannot be written.
    """

    def look(chosen: Sequence[Recipe], name: str) -> tuple[UInt8[np.ndarray, "n s s 3"], Float32[np.ndarray, "n d"]]:
        paths = draw(model, chosen, out / name, lambda done, total: report(f"{name} drawn", done, total))
        found = pixels(paths, SIZE)
        return found, features(found, lambda done, total: report(f"features of the {name}", done, total))

    first, found = look(recipes, "pictures")
    pictures, made = first[None], found[None]
    if seeds > 1:
        further = look(further_recipes(recipes, seeds), "seeds")
        more, seen = (side.reshape(len(recipes), seeds - 1, *side.shape[1:]).swapaxes(0, 1) for side in further)
        pictures, made = np.concatenate([pictures, more]), np.concatenate([made, seen])
    lines = measure(ground, made) + agreement_lines(load_score(), ground, first)
    if seeds > 1:
        lines.append(diversity_line(made.swapaxes(0, 1), ground.real, ground.rows, ground.counts))
    heard = listening(model, ground, recipes[0].size)
    lines += [heard] if heard is not None else []
    return Evaluation(recipes=recipes, pictures=pictures, lines=lines, copies=find_copies(ground, pictures))


def further_recipes(recipes: Sequence[Recipe], seeds: int) -> list[Recipe]:
    """The prompts with their further seeds: all of prompt 0, then all of prompt 1, ..."""
    return [replace(recipe, seed=seed) for k, recipe in enumerate(recipes) for seed in seeds_of(k, seeds)[1:]]


def listening(model: Model, ground: Ground, size: tuple[int, int]) -> Line | None:
    """The cost of another caption on the first rows; None where pictures are not square or share one caption."""
    width, height = size
    if width != height:
        return None
    space = model.bundle.autoencoder
    channels = channels_of(space.colours)
    source = open_source(ground.path, split=ground.split, size=width, cache=ground.cache, channels=channels)
    place = {row.id: k for k, row in enumerate(source.rows)}
    rows = [row for row in ground.rows[:CAPTIONS] if row.id in place]
    pictures = source.pictures[[place[row.id] for row in rows]]
    return caption_line(model.bundle, pictures, rows, ground.prompts[: len(rows)], ground.counts[:, : len(rows)])
