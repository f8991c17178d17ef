"""Which settings draw best: KID and retrieval on held-out prompts for each of several ways, same prompts, same seeds.

    python scripts/measure_choices.py CORPUS --way "sampler=ddim" --way "sampler=ddpm guidance=7.5"
    python scripts/measure_choices.py CORPUS --way "" --way "model=runs/tavola/model weak=runs/early steps=40"

The first --limit rows of `tune` in hash order, prompt k with seed k. A way is a list of NAME=VALUE: `model` (tavola),
`weak` (a bad version of it, for autoguidance), and any setting of a picture (sampler, guidance, interval, steps, ...);
values are read as TOML where they are TOML. KID x 1000 and retrieval among five, with 95 % intervals over families, and
how far either is above the first way's: ways share their rows, so differences are surer than the values. Pictures stay
in --out: the same command goes on where it stopped, and another --way more draws only that.
"""

import argparse
import hashlib
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

import sfumato
from sfumato.corpus.locate import cache_folder
from sfumato.evaluate.drawing import draw, pixels
from sfumato.evaluate.features import SIZE, Features, load_features
from sfumato.evaluate.ground import Ground, corpus_at, open_ground
from sfumato.evaluate.interval import Estimate, means, of_share
from sfumato.evaluate.line import difference
from sfumato.evaluate.retrieval import Search, ranks, search_of
from sfumato.train.reading import value_of

AMONG = 5
LOADED = ("model", "weak", "dtype")
"""What of a way is said when the model is loaded."""


@dataclass(frozen=True, eq=False)
class Found:
    """KID in thousandths and retrieval in per cent: value and interval, and the value in each resample."""

    kid: tuple[Estimate, Float64[np.ndarray, " k"]]
    retrieval: tuple[Estimate, Float64[np.ndarray, " k"]] | None


def settings_of(way: str) -> dict[str, Any]:
    """NAME=VALUE words as a table. Raises SystemExit where a word is none."""
    out: dict[str, Any] = {}
    for word in shlex.split(way):
        name, equals, value = word.partition("=")
        if not equals:
            raise SystemExit(f"--way {way!r}: {word!r} is no NAME=VALUE")
        out[name] = value_of(value)
    return out


def measured(way: str, ground: Ground, search: Search | None, features: Features, out: Path) -> Found:
    """The numbers of one way, drawn first where it has to be."""
    settings = {"model": "tavola"} | settings_of(way)
    given = {name: settings.pop(name) for name in LOADED if name in settings}
    model = sfumato.load(given.pop("model"), **given)
    recipes = [model.recipe(prompt, seed=k, **settings) for k, prompt in enumerate(ground.prompts)]
    place = out / hashlib.sha256(f"{model.bundle.model_hash} {way}".encode()).hexdigest()[:12]
    made = features(pixels(draw(model, recipes, place), SIZE))
    return Found(ground.kid(made), search and hits(search, made, ground))


def hits(search: Search, made: np.ndarray, ground: Ground) -> tuple[Estimate, Float64[np.ndarray, " k"]]:
    """How many queries find their concept among five, in per cent."""
    hit = 100.0 * (ranks(search, made, ground.train) < AMONG)
    counts = ground.counts[:, search.queries]
    return of_share(hit, counts, one=100.0), means(hit, counts)


def told(found: Found, first: Found) -> str:
    """A line of a table."""
    cells: list[str] = []
    for mine, other in ((found.kid, first.kid), (found.retrieval, first.retrieval)):
        if mine is None or other is None:
            cells += ["-", "-"]
        else:
            cells += [written(mine[0]), written(difference(*mine, *other), "+")]
    return " | ".join(cells)


def written(e: Estimate, sign: str = "") -> str:
    """A value with its interval."""
    return f"{e.value:{sign}.1f} [{e.low:{sign}.1f}, {e.high:{sign}.1f}]"


def main() -> None:
    """Print a line for each way, as it is measured."""
    parser = argparse.ArgumentParser(description="Which settings draw best, on held-out prompts.")
    add = parser.add_argument
    add("data", type=Path, help="glyphs.parquet, its folder, or any corpus")
    add("--way", action="append", required=True, help="NAME=VALUE ...; the first is what the others are held against")
    add("--out", type=Path, default=Path("runs/choices"), help="where pictures go")
    add("--limit", type=int, default=96, help="rows of tune (96)")
    add("--cache", type=Path, default=cache_folder())
    options = parser.parse_args()
    ways = [(way, settings_of(way)) for way in options.way]
    features = load_features("cpu")
    chosen = {"split": "tune", "features": features, "cache": options.cache, "limit": options.limit}
    ground = open_ground(corpus_at(options.data), **chosen)
    search = search_of(ground.rows, ground.train_rows)
    print("| way | KID x 1000 | above the first | top-5 retrieval, % | above the first |\n|---|---|---|---|---|")
    first: Found | None = None
    for way, _ in ways:
        found = measured(way, ground, search, features, options.out)
        first = first or found
        print(f"| {way or 'defaults'} | {told(found, first)} |", flush=True)


if __name__ == "__main__":
    main()
