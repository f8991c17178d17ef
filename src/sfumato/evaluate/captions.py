"""Does the model listen? What another row's caption costs its denoiser on real held-out pictures.

    loss = mean |(eps_hat - x0_hat) - (eps - x_0)|^2      the error of the flow, finite at every level and for every
                                                          parameterisation

with x_t = alpha x_0 + sigma eps, once with the row's own prompt and once with the caption of another row in it, the
style phrase unchanged (train/sensitivity.py). The cost is 0 for a model that ignores its prompt.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64, UInt8

from sfumato import rng
from sfumato.arrays import as_numpy, like
from sfumato.corpus.rows import Row
from sfumato.evaluate.interval import Counts, families_in, interval, means
from sfumato.evaluate.line import Line
from sfumato.pipeline import Bundle, encode
from sfumato.process.grid import GRIDS
from sfumato.train.sensitivity import other_prompts
from sfumato.train.store import to_signed

SEED = 2026
STEPS, BATCH = 8, 16
"""Levels are those of a trailing grid of 8 steps but its ends: 7 of them."""


def losses(bundle: Bundle, pictures: UInt8[np.ndarray, "n h w c"], prompts: Sequence[str]) -> Float64[np.ndarray, " n"]:
    """Each picture's loss with its prompt, the mean over levels; the noise is the same whatever the prompts are."""
    levels = GRIDS["trailing"](bundle.schedule, STEPS)[1:-1]
    out = np.empty((len(levels), len(pictures)))
    for start in range(0, len(pictures), BATCH):
        part = slice(start, min(start + BATCH, len(pictures)))
        cond = encode(bundle.conditioner, prompts[part])
        signed = like(as_numpy(to_signed(pictures[part])), cond.tokens)
        x_0 = bundle.autoencoder.encode(signed).mean
        for k, level in enumerate(levels):
            shape = tuple(x_0.shape[1:])
            noise = [
                rng.normal(SEED, shape, stream=rng.TRAIN_NOISE, step=row, draw=k)
                for row in range(*part.indices(len(pictures)))
            ]
            eps = like(np.stack(noise), x_0)
            belief = bundle.denoiser(level.alpha * x_0 + level.sigma * eps, level, cond)
            error = as_numpy((belief.eps_hat - belief.x0_hat) - (eps - x_0)).astype(np.float64)
            out[k, part] = (error**2).reshape(len(error), -1).mean(axis=1)
    return out.mean(axis=0)


def caption_line(
    bundle: Bundle, pictures: UInt8[np.ndarray, "n h w c"], rows: Sequence[Row], prompts: Sequence[str], counts: Counts
) -> Line | None:
    """The cost of another caption in percent of the loss; None where the rows share one caption."""
    other = other_prompts(rows, SEED)
    if other is None:
        return None
    own, changed = losses(bundle, pictures, prompts), losses(bundle, pictures, other)
    each = means(changed, counts) / means(own, counts)
    cost = interval(100.0 * (float(changed.mean() / own.mean()) - 1.0), 100.0 * (each - 1.0))
    return Line(
        measure="another caption costs, % of the loss",
        pictures=len(rows),
        families=families_in(counts),
        made=cost,
        lower=None,
    )
