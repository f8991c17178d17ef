"""At which noise levels a model loses its quality: real pictures noised up to a strength, drawn again, compared.

    python scripts/measure_levels.py CORPUS/glyphs.parquet [MODEL] [--strengths 0 0.25 0.5 0.75 1] [--limit 96]

Row k of `tune` in hash order, with its own prompt and seed k, is noised to the level t = strength and drawn from there
in the steps that are left of --steps. What KID x 1000 (EfficientNet-Lite0, over white, against the real pictures of the
same rows) the pictures have at a strength was lost below it: at 0 it is the autoencoder's alone, at 1 the model's.
Intervals are 95 %, over families; strengths share their rows, so that differences are surer than that.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import sfumato
from sfumato.corpus.locate import cache_folder
from sfumato.corpus.prompt import plain_prompt
from sfumato.corpus.source import open_source
from sfumato.evaluate.features import SIZE, load_features
from sfumato.evaluate.interval import resamples
from sfumato.evaluate.kid import thousandths
from sfumato.evaluate.pairs import family_of, hash_order
from sfumato.model import Model
from sfumato.picture import to_bytes

WHOLE = 1.0


def redrawn(model: Model, picture: Image.Image, prompt: str, seed: int, strength: float, steps: int) -> np.ndarray:
    """A picture drawn from itself at the level `strength`; at 1 from noise alone, at 0 without the denoiser."""
    if strength == 0.0:
        return coded(model, picture)
    begun = {} if strength >= WHOLE else {"init": picture, "strength": strength}
    (drawn,) = model.generate(prompt, seed=seed, steps=steps, **begun)
    return np.asarray(drawn.image)


def coded(model: Model, picture: Image.Image) -> np.ndarray:
    """A picture after the autoencoder, there and back, over white."""
    coder, under = model.bundle.autoencoder, model.canvas(picture).under
    with torch.no_grad():
        return to_bytes(coder.decode(coder.encode(torch.from_numpy(under.image)).mean))[0]


def main() -> None:
    """Print a line for each strength."""
    parser = argparse.ArgumentParser(description="At which noise levels a model loses its quality.")
    parser.add_argument("data", type=Path)
    parser.add_argument("model", nargs="?", default="tavola")
    parser.add_argument("--strengths", type=float, nargs="+", default=[0.0, 0.25, 0.5, 0.75, 1.0])
    parser.add_argument("--steps", type=int, default=20, help="from noise to picture")
    parser.add_argument("--limit", type=int, default=96, help="rows of tune")
    parser.add_argument("--cache", type=Path, default=cache_folder())
    options = parser.parse_args()
    torch.set_num_threads(1)
    features, model = load_features("cpu"), sfumato.load(options.model)
    plain, clear = (
        open_source(options.data, split="tune", size=SIZE, cache=options.cache, channels=channels)
        for channels in (3, 4)
    )
    order = hash_order(plain.rows)[: options.limit]
    rows = [plain.rows[k] for k in order]
    families = [family_of(row) for row in rows]
    real, counts = features(plain.pictures[order]), resamples(families)
    for strength in options.strengths:
        drawn = [
            redrawn(model, Image.fromarray(clear.pictures[k], "RGBA"), plain_prompt(row), seed, strength, options.steps)
            for seed, (k, row) in enumerate(zip(order, rows, strict=True))
        ]
        found = thousandths(features(np.stack(drawn)), real, families, counts)[0]
        told = f"{found.value:.1f} [{found.low:.1f}, {found.high:.1f}]"
        print(f"strength {strength:g}: KID x 1000 {told} of {len(rows)} pictures", flush=True)


if __name__ == "__main__":
    main()
