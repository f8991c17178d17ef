"""An evaluation as one JSON document and one page: what was measured, with which settings, on which rows."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sfumato import __version__
from sfumato.atomic import make_folder, write_file
from sfumato.evaluate.copies import unsearched
from sfumato.evaluate.drawing import cost
from sfumato.evaluate.features import SHA256, SIZE
from sfumato.evaluate.ground import Ground
from sfumato.evaluate.interval import DRAWS
from sfumato.evaluate.page import page
from sfumato.evaluate.sweep import Point
from sfumato.evaluate.sweep_page import sweep_section
from sfumato.evaluate.whole import Evaluation, further_recipes
from sfumato.model import Model

FORMAT = 1


def document(
    model: Model, ground: Ground, found: Evaluation, pictures: Path, points: Sequence[Point] = ()
) -> dict[str, Any]:
    """The whole of it, in the types of JSON. `settings` are the first picture's: prompt k has seed k."""
    settings = {k: v for k, v in found.recipes[0].to_dict().items() if k not in ("prompt", "seed", "engine", "version")}
    return {
        "format": FORMAT,
        "sfumato": __version__,
        "model": model.name,
        "settings": settings,
        "split": ground.split,
        "rows": len(ground.rows),
        "seeds": found.seeds,
        "train_pictures": len(ground.train_rows),
        "corpora": list(ground.keys),
        "features": {"network": "EfficientNet-Lite0", "sha256": SHA256, "side": SIZE},
        "intervals": f"95 %: {DRAWS} bootstrap resamples of families; FD: a jackknife over groups of families",
        "lines": [line.to_dict() for line in found.lines],
        "copies": found.copies.to_dict() | {"not_searched": unsearched(model.bundle.card, ground.keys[1:])},
        "cost": per_picture(pictures),
        "pictures": each_picture(ground, found),
        "further": each_further(ground, found),
    } | ({"sweep": [point.to_dict() for point in points]} if points else {})


def each_picture(ground: Ground, found: Evaluation) -> list[dict[str, Any]]:
    """One entry for each picture of the first seed, in the order of the files."""
    return [
        {
            "file": f"pictures/{k:04d}.png",
            "prompt": recipe.prompt,
            "seed": recipe.seed,
            "row": row.id,
            "style": row.style,
        }
        | nearest_of(ground, found, 0, k)
        for k, (row, recipe) in enumerate(zip(ground.rows, found.recipes, strict=True))
    ]


def each_further(ground: Ground, found: Evaluation) -> list[dict[str, Any]]:
    """One for each picture of the further seeds, in the order of the files."""
    further, more = further_recipes(found.recipes, found.seeds), found.seeds - 1
    return [
        {"file": f"seeds/{file:04d}.png", "seed": recipe.seed}
        | nearest_of(ground, found, 1 + file % more, file // more)
        for file, recipe in enumerate(further)
    ]


def nearest_of(ground: Ground, found: Evaluation, s: int, k: int) -> dict[str, Any]:
    """How near to train the picture of seed s of prompt k is."""
    copies = found.copies
    return {
        "nearest_train": ground.train_rows[copies.nearest[s, k]].id,
        "distance": round(float(copies.distance[s, k]), 4),
        "below": bool(copies.below[s, k]),
    }


def per_picture(pictures: Path) -> dict[str, Any] | None:
    """Seconds and network evaluations of a picture, memory, and what it ran on; None where nobody counted."""
    total = cost(pictures)
    if not total or not total["pictures"]:
        return None
    n = total["pictures"]
    each = {"seconds_per_picture": total["seconds"] / n, "evaluations_per_picture": total["evaluations"] / n}
    return each | {"pictures": n, "memory_mb": total.get("memory_mb"), "engine": total["engine"]}


def write(
    folder: Path, report: dict[str, Any], ground: Ground, found: Evaluation, points: Sequence[Point] = ()
) -> None:
    """Write evaluation.json and index.html. Raises OutputError."""
    make_folder(folder)
    write_file(folder / "evaluation.json", json.dumps(report, indent=1, allow_nan=False).encode() + b"\n")
    further = sweep_section(points, ground.prompts)
    write_file(folder / "index.html", page(report, ground, found.pictures, found.copies, further).encode())
