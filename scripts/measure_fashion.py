"""The Fashion-MNIST yardstick: FD on the ruler's features and bits per dimension, on the test pictures.

    python scripts/fashion_ruler.py /usr/share/datasets/fashion-mnist --out runs/fashion-ruler
    python scripts/measure_fashion.py runs/fashion /usr/share/datasets/fashion-mnist --ruler runs/fashion-ruler \
        --bits 0 --json docs/yardstick/fd.json --sheet docs/yardstick/sheet.png
    python scripts/measure_fashion.py runs/fashion /usr/share/datasets/fashion-mnist --pictures 0 \
        --json docs/yardstick/bits.json

FD: `--pictures` generated ones (seeds 0, 1, ...) against all test pictures; interval: a jackknife over 20 groups of the
generated. Floor: as many train pictures against the same, the mean and the range of several such sets, no two alike.

Bits per dimension: `--bits` test pictures, by the probability-flow ODE (dequantised uniformly, one probe each:
src/sfumato/evaluate/likelihood.py) and by the variational bound over `--levels` levels (evaluate/variational.py);
interval: a bootstrap over pictures. --split tune is for the choice of --faintest; report, the default, for numbers.
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from fashion_ruler import features, load, opened
from PIL import Image

import sfumato
from sfumato import rng
from sfumato.atomic import write_file
from sfumato.corpus.source import Source
from sfumato.corpus.split import belongs
from sfumato.evaluate.frechet import frechet
from sfumato.evaluate.interval import Estimate, interval, jackknife, of_mean, resamples
from sfumato.evaluate.likelihood import FAINTEST, dequantised, likelihood, of_bins, signs
from sfumato.evaluate.variational import variational
from sfumato.model import Model
from sfumato.picture import Picture
from sfumato.process.grid import uniform_lambda
from sfumato.process.prediction import Prediction
from sfumato.train.looking import tiled
from sfumato.train.store import to_signed

SEED, GROUPS, SETS, BATCH = 2026, 20, 10, 50


def drawn(model: Model, count: int, steps: int | None) -> np.ndarray:
    """Pictures of the seeds 0 to count - 1, bytes [n, 28, 28, 1]."""
    recipes = model.recipes("", count=count, steps=steps, microbatch=BATCH)
    pictures: list[Picture] = model.draw(recipes)
    return np.stack([np.asarray(picture.image)[..., :1] for picture in pictures])


def fd(made: np.ndarray, real: np.ndarray) -> Estimate:
    """FD with the interval over groups of the made ones."""
    group = np.arange(len(made)) % GROUPS
    return jackknife(frechet(made, real), np.array([frechet(made[group != g], real) for g in range(GROUPS)]))


def floor(train: np.ndarray, test: np.ndarray, count: int) -> Estimate:
    """FD of sets of `count` train pictures against the test pictures: the mean, and all but the outermost."""
    order = rng.permutation(SEED, len(train), 0)
    sets = [order[k * count : (k + 1) * count] for k in range(min(SETS, len(train) // count))]
    values = np.array([frechet(train[rows], test) for rows in sets])
    return interval(float(values.mean()), values)


def bits(model: Model, held: Source, options: argparse.Namespace) -> list[Estimate]:
    """Bits per dimension of some test pictures of one half: by the ODE, and the bound."""
    half = [k for k, row in enumerate(held.rows) if belongs(row, options.split)]
    chosen = np.sort(rng.permutation(SEED, len(half), 1)[: options.bits])
    rows = [half[k] for k in chosen]
    found = [bits_of(model, held, rows[k : k + BATCH], options) for k in range(0, len(rows), BATCH)]
    counts = resamples([held.rows[k].id for k in rows])
    return [of_mean(np.concatenate(way), counts) for way in zip(*found, strict=True)]


def bits_of(
    model: Model, held: Source, rows: Sequence[int], options: argparse.Namespace
) -> tuple[np.ndarray, np.ndarray]:
    """Of one batch; place in the bin, probe and noise from each picture's own place in the corpus."""
    bundle, seeds = model.bundle, [held.rows[k].position for k in rows]
    cond = bundle.conditioner([""] * len(rows))

    def denoise(x: Any, level: Any, /) -> Prediction:
        return bundle.denoiser(x, level, cond)

    x_0 = to_signed(held.pictures[list(rows)])
    x, probe, levels = dequantised(x_0, seeds), signs(seeds, x_0), uniform_lambda(bundle.schedule, options.levels)
    found = likelihood(denoise, x, bundle.schedule, probe, steps=options.ode_steps, faintest=options.faintest)
    bound = variational(denoise, x_0, levels, rng.PerSample(tuple(seeds)))
    return of_bins(found).bits_per_dim.double().numpy(), bound.bits_per_dim.astype(np.float64)


def write_sheet(path: Path, made: np.ndarray, real: np.ndarray) -> None:
    """The first 64 generated pictures on the left, 64 test pictures on the right."""
    left, right = (tiled(np.repeat(some[:64], 3, axis=-1)) for some in (made, real))
    between = np.full((len(left), 12, 3), 255, np.uint8)
    Image.fromarray(np.concatenate([left, between, right], axis=1)).convert("L").save(path, optimize=True)


def spelt(estimate: Estimate) -> dict[str, Any]:
    """For JSON."""
    return {"value": round(estimate.value, 4), "interval": [round(estimate.low, 4), round(estimate.high, 4)]}


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description="FD and bits per dimension of a Fashion-MNIST model.")
    add = parser.add_argument
    add("model", type=Path, help="a model folder or a run")
    add("data", type=Path, help="the folder of the IDX files")
    add("--ruler", type=Path, default=Path("runs/fashion-ruler"), help="what scripts/fashion_ruler.py wrote")
    add("--pictures", type=int, default=1000, help="pictures for FD (default: 1000; 0: leave it out)")
    add("--steps", type=int, help="steps a picture (default: the model's)")
    add("--bits", type=int, default=100, help="pictures for bits per dimension (default: 100; 0: leave it out)")
    add("--split", choices=("tune", "report"), default="report", help="the half of the test pictures for the bits")
    add("--ode-steps", type=int, default=24, help="Runge-Kutta steps of the likelihood (default: 24)")
    add("--faintest", type=float, default=FAINTEST, help="the angle that counts as clean")
    add("--levels", type=int, default=128, help="levels of the variational bound (default: 128)")
    add("--json", type=Path, help="write the numbers there too")
    add("--sheet", type=Path, help="write generated and real pictures side by side there")
    options = parser.parse_args()
    model = sfumato.load(options.model)
    held, _ = opened(options.data, "val")
    card = model.bundle.card
    out: dict[str, Any] = {"model": model.bundle.model_hash, "images": card.get("images"), "test": len(held)}
    if options.pictures:
        begin, net = time.process_time(), load(options.ruler)
        made = drawn(model, options.pictures, options.steps)
        out |= {"pictures": options.pictures, "seconds_a_picture": (time.process_time() - begin) / len(made)}
        test, train = features(net, held.pictures), features(net, opened(options.data, "train")[0].pictures)
        out |= {"fd": spelt(fd(features(net, made), test)), "floor": spelt(floor(train, test, options.pictures))}
        if options.sheet:
            write_sheet(options.sheet, made, held.pictures[rng.permutation(SEED, len(held), 2)[:64]])
    if options.bits:
        flow, bound = bits(model, held, options)
        out["bits_per_dim"] = {"pictures": options.bits, "split": options.split}
        out["bits_per_dim"]["flow"] = {**spelt(flow), "faintest": options.faintest, "steps": options.ode_steps}
        out["bits_per_dim"]["bound"] = {**spelt(bound), "levels": options.levels}
    text = json.dumps(out, indent=1)
    print(text)
    if options.json:
        write_file(options.json, text.encode() + b"\n")


if __name__ == "__main__":
    main()
