"""KID against pictures seen: what the models of one line had, and what more training buys if it goes on like that.

    python scripts/measure_scale.py CORPUS MODEL MODEL=NOTE MODEL ... [--limit 96] [--out RUNS] [--page docs/scale.md]

Each MODEL is a name or folder whose card says how many pictures it was shown, with a NOTE on what else differs in it,
where something does; all draw the same prompts of `tune` from the same seeds with the same settings (--settings;
measure_choices.py draws and measures). c is the KID of the real pictures after the last model's autoencoder, there and
back, below which no denoiser of its latents can be expected. Through the points goes KID - c = a N^-b, by least squares
of logarithms, once for each resample of the families: the intervals are those of the rows, and say nothing of other
runs, nor of whether the law holds further on.
"""

import argparse
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64
from measure_choices import Found, measured, written
from measure_levels import coded
from PIL import Image

import sfumato
from sfumato.atomic import write_file
from sfumato.checkpoint import find, read_manifest
from sfumato.corpus.locate import cache_folder
from sfumato.corpus.source import open_source
from sfumato.evaluate.features import SIZE, Features, load_features
from sfumato.evaluate.ground import Ground, corpus_at, open_ground
from sfumato.evaluate.interval import Estimate, interval
from sfumato.evaluate.pairs import hash_order
from sfumato.evaluate.retrieval import search_of
from sfumato.manifest import Manifest
from sfumato.model import Model

FURTHER = (2, 5, 10, 30)
"""Times as many pictures as the most that were seen."""
LEAST = 1e-3
"""KID above c, in thousandths, is never taken for less."""


@dataclass(frozen=True, eq=False)
class Shown:
    """A model, how many pictures it was shown, what it draws, and what is to be known of it."""

    name: str
    images: int
    found: Found
    note: str = ""


def fitted(shown: Sequence[int], above: Float64[np.ndarray, "k n"]) -> tuple[np.ndarray, np.ndarray]:
    """log a and b of a N^-b for each row of `above`, one column for each N."""
    x, y = np.log(np.asarray(shown, np.float64)), np.log(np.maximum(above, LEAST))
    slope = ((x - x.mean()) * (y - y.mean(axis=1, keepdims=True))).sum(axis=1) / ((x - x.mean()) ** 2).sum()
    return y.mean(axis=1) - slope * x.mean(), -slope


def foretold(shown: Sequence[int], found: Sequence[Found], floor: tuple[Estimate, Any]) -> dict[str, Any]:
    """The exponent b, and KID further on: by number of pictures."""
    value, each = np.array([[f.kid[0].value for f in found]]), np.stack([f.kid[1] for f in found], axis=1)
    (log_a, b), (each_log_a, each_b) = fitted(shown, value - floor[0].value), fitted(shown, each - floor[1][:, None])
    further = {}
    for n in (times * max(shown) for times in FURTHER):
        point, spread = (np.exp(a - s * np.log(n)) for a, s in ((log_a, b), (each_log_a, each_b)))
        further[n] = interval(floor[0].value + float(point[0]), floor[1] + spread)
    return {"exponent": interval(float(b[0]), each_b), "further": further}


def in_order(words: Sequence[str]) -> list[tuple[str, str, Manifest]]:
    """Model, note and manifest, by how much was seen. Raises SystemExit unless two have seen differently much."""
    parts = [word.partition("=") for word in words]
    models = [(source, note, read_manifest(find(source))) for source, _, note in parts]
    models.sort(key=lambda model: model[2].card["images"])
    if models[0][2].card["images"] == models[-1][2].card["images"]:
        raise SystemExit("a curve needs two models or more that were shown different numbers of pictures")
    return models


def floor_of(model: Model, ground: Ground, features: Features, cache: Path) -> tuple[Estimate, Any]:
    """c: KID in thousandths of the real pictures after the autoencoder, and in each resample."""
    clear = open_source(ground.path, split=ground.split, size=SIZE, cache=cache, channels=4)
    places = hash_order(clear.rows)[: len(ground.rows)]
    pictures = [coded(model, Image.fromarray(clear.pictures[k], "RGBA")) for k in places]
    return ground.kid(features(np.stack(pictures)))


def page(rows: Sequence[Shown], floor: Estimate, told: dict[str, Any], about: str) -> str:
    """The whole as Markdown."""
    out = ["# KID against pictures seen", "", about, ""]
    out += ["| model | pictures seen | KID-EffLite0 x 1000 | top-5 retrieval, % | |", "|---|---|---|---|---|"]
    for row in rows:
        retrieval = written(row.found.retrieval[0]) if row.found.retrieval else "-"
        out.append(f"| {row.name} | {row.images:,} | {written(row.found.kid[0])} | {retrieval} | {row.note} |")
    e, times = told["exponent"], rows[-1].images / rows[0].images
    out += ["", f"c = {written(floor)}. KID - c = a N^-b over {times:.1f} times as many pictures has"]
    out[-1] += f" b = {e.value:.2f} [{e.low:.2f}, {e.high:.2f}]. If that went on:"
    out += ["", "| pictures seen | KID-EffLite0 x 1000 |", "|---|---|"]
    out += [f"| {n:,} | {written(e)} |" for n, e in told["further"].items()]
    return "\n".join(out) + "\n"


def main() -> None:
    """Draw, measure, fit, write."""
    parser = argparse.ArgumentParser(description="KID against pictures seen, for the models of one line.")
    add = parser.add_argument
    add("data", type=Path, help="glyphs.parquet, its folder, or any corpus")
    add("models", nargs="+", metavar="MODEL", help="two or more: a name or a folder, or MODEL=NOTE")
    add("--settings", default="", help="of all pictures, as a --way of measure_choices.py")
    add("--out", type=Path, default=Path("runs/choices"), help="where pictures go")
    add("--limit", type=int, default=96, help="rows of tune (96)")
    add("--page", type=Path, help="where the page goes; without it the screen alone")
    add("--cache", type=Path, default=cache_folder())
    options = parser.parse_args()
    models, features, path = in_order(options.models), load_features("cpu"), corpus_at(options.data)
    ground = open_ground(path, split="tune", features=features, cache=options.cache, limit=options.limit)
    search, rows = search_of(ground.rows, ground.train_rows), []
    for source, note, manifest in models:
        found = measured(
            f"model={shlex.quote(source)} {options.settings}".strip(), ground, search, features, options.out
        )
        name = f"{manifest.name} {manifest.model_hash[:12]}"
        rows.append(Shown(name, int(manifest.card["images"]), found, note))
        print(f"{name} at {rows[-1].images:,}: {written(found.kid[0])}", flush=True)
    floor = floor_of(sfumato.load(models[-1][0]), ground, features, options.cache)
    told = foretold([row.images for row in rows], [row.found for row in rows], floor)
    about = f"`scripts/measure_scale.py CORPUS MODEL ...`: {len(ground.rows)} rows of `tune`, prompt k with seed k"
    text = page(rows, floor[0], told, f"{about}, {options.settings or 'the settings of each model'}.")
    print(text)
    if options.page:
        write_file(options.page, text.encode())


if __name__ == "__main__":
    main()
