"""What guidance buys and what it costs: a few prompts at several scales w, adherence against diversity.

Adherence: is it the concept (retrieval), the style (classifier), the prompt (towers) that was asked for? Diversity: how
far the seeds of one prompt are apart. KID says what happens to the pictures meanwhile. Every scale draws the same
prompts from the same seeds, so two scales differ in w alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from sfumato.errors import RecipeError
from sfumato.evaluate.agreement import agreement_lines
from sfumato.evaluate.diversity import diversity_line, seeds_of
from sfumato.evaluate.drawing import draw, pixels
from sfumato.evaluate.features import SIZE, Features
from sfumato.evaluate.ground import Ground, Report
from sfumato.evaluate.line import Line
from sfumato.evaluate.measures import KID, found_lines, kid_lines, rate
from sfumato.evaluate.retrieval import Search, search_of
from sfumato.evaluate.styles import StyleClassifier, rooted, train_styles
from sfumato.model import Model
from sfumato.text.score import Score

SCALES = (0.0, 1.0, 2.0, 4.0, 7.5, 12.5)
PROMPTS, SEEDS, SHOWN = 50, 2, 8

Pixels = UInt8[np.ndarray, "n s s 3"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Point:
    """One scale, what was measured there, and the pictures to show: of the first prompts, their first seeds."""

    scale: float
    lines: Sequence[Line]
    shown: Pixels

    def to_dict(self) -> dict[str, Any]:
        """In the types of JSON."""
        return {"scale": self.scale, "lines": [line.to_dict() for line in self.lines]}


@dataclass(frozen=True, eq=False, kw_only=True)
class Sweep:
    """What every scale is measured with."""

    ground: Ground
    features: Features
    score: Score
    prompts: int = PROMPTS
    seeds: int = SEEDS

    def __post_init__(self) -> None:
        """Refuse what has no diversity."""
        if self.seeds < 2 or self.prompts < 2:
            raise RecipeError(f"a sweep of {self.prompts} prompts x {self.seeds} seeds; both must be at least 2")

    def __call__(self, model: Model, settings: Mapping[str, Any], out: Path, report: Report) -> list[Point]:
        """Draw into out/sweep/w-1, ... (what is there already is kept), and measure.

        Raises RecipeError where the model cannot do it, or such a folder holds pictures of other recipes.
        """
        few, points = first(self.ground, self.prompts), []
        main = slice(0, few.main)
        classifier = train_styles(rooted(few.train[main]), [row.style for row in few.train_rows[main]])
        for scale in SCALES:
            given = {**settings, "guidance": scale}
            recipes = [
                model.recipe(prompt, seed=seed, **given)
                for k, prompt in enumerate(few.prompts)
                for seed in seeds_of(k, self.seeds)
            ]
            name = f"sweep/w-{scale:g}"

            def drawn(done: int, total: int, name: str = name) -> None:
                report(f"{name} drawn", done, total)

            made = pixels(draw(model, recipes, out / name, drawn), SIZE)
            lines = self.measured(repeated(few, self.seeds), made, classifier)
            points.append(Point(scale=scale, lines=lines, shown=made[:: self.seeds][:SHOWN]))
        return points

    def measured(self, ground: Ground, made: Pixels, classifier: StyleClassifier | None) -> list[Line]:
        """The lines of one scale; the pictures of a prompt stand together, and so do the rows of `ground`."""
        found, seeds = self.features(made), self.seeds
        lines = found_lines(ground, found, self.search(len(ground.rows) // seeds))
        if classifier is not None:
            asked = np.array([row.style for row in ground.rows])
            hits, real = (np.array(classifier(rooted(x))) == asked for x in (found, ground.real))
            lines.append(rate("style accuracy", hits, real, ground.counts))
        lines += agreement_lines(self.score, ground, made)[:1]
        together = found.reshape(-1, seeds, found.shape[1])
        lines.append(diversity_line(together, self.ground.real, self.ground.rows, self.ground.counts))
        return lines + [line for line in kid_lines(ground, found[None]) if (line.measure, line.part) == (KID, "all")]

    def search(self, prompts: int) -> Search | None:
        """The first prompts, each as often as it has seeds, among the concepts of all held-out rows."""
        whole = search_of(self.ground.rows, self.ground.train_rows[: self.ground.main])
        mine = [] if whole is None else np.flatnonzero(whole.queries < prompts).tolist()
        if whole is None or not mine:
            return None
        return replace(
            whole,
            queries=(whole.queries[mine][:, None] * self.seeds + np.arange(self.seeds)).ravel(),
            targets=np.repeat(whole.targets[mine], self.seeds),
            styles=tuple(whole.styles[k] for k in mine for _ in range(self.seeds)),
            galleries={name: whole.galleries[name] for name in sorted({whole.styles[k] for k in mine})},
        )


def first(ground: Ground, n: int) -> Ground:
    """The ground with its first n rows alone."""
    return replace(
        ground,
        rows=ground.rows[:n],
        pictures=ground.pictures[:n],
        real=ground.real[:n],
        floor=ground.floor[:n],
        counts=ground.counts[:, :n],
    )


def repeated(ground: Ground, times: int) -> Ground:
    """Each row so many times in a row: rows of one family are resampled together, so intervals know of it."""
    return replace(
        ground,
        rows=[row for row in ground.rows for _ in range(times)],
        pictures=np.repeat(ground.pictures, times, axis=0),
        real=np.repeat(ground.real, times, axis=0),
        floor=np.repeat(ground.floor, times),
        counts=np.repeat(ground.counts, times, axis=1),
    )
