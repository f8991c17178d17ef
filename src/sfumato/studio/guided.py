"""Guidance of a noisy photo: what the network believes with the prompt and without it, and where w leads from there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, UInt8

from sfumato.arrays import as_numpy
from sfumato.guidance import ClassifierFree
from sfumato.inspect.numbers import rms
from sfumato.model import Model
from sfumato.pipeline import Decoded, encode, trace
from sfumato.process.forward import jump
from sfumato.process.prediction import Prediction
from sfumato.studio.denoise import over_white, with_noise

BOTH = ClassifierFree(scale=2.0)
"""Any scale but 0 and 1 asks for both beliefs."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Beliefs:
    """Both answers about one x_t: with the prompt, and with the negative one ("" is none)."""

    cond: Prediction
    null: Prediction

    def guided(self, w: float, rescale: float = 0.0) -> Prediction:
        """null + w (cond - null), as `sfumato.guidance` has it."""
        return ClassifierFree(scale=w, rescale=rescale).combine(self.cond, self.null)

    def numbers(self, w: float, rescale: float = 0.0) -> dict[str, float]:
        """What the guided belief is like. Sizes are root mean squares over the latents' numbers.

        size: of its x0_hat. noise: of its eps_hat, which is 1 for noise. apart: how far x0_hat moves for one unit of w.
        cosine: between the two x0_hat. moved: from the plain prompt's x0_hat to the guided one.
        """
        cond, null = (as_numpy(one.x0_hat).astype(np.float64).ravel() for one in (self.cond, self.null))
        belief = self.guided(w, rescale)
        lengths = float(np.sqrt((cond @ cond) * (null @ null)))
        return {
            "size": rms(belief.x0_hat),
            "noise": rms(belief.eps_hat),
            "apart": rms(self.cond.x0_hat - self.null.x0_hat),
            "cosine": float(cond @ null) / lengths if lengths > 0.0 else 0.0,
            "moved": rms(belief.x0_hat - self.cond.x0_hat),
        }


def beliefs(
    model: Model, photo: UInt8[np.ndarray, "h w 3"], *, seed: int, i: int, prompt: str, negative: str = ""
) -> Beliefs:
    """Encode a photo, jump to step i of the model's own schedule with the seed's noise, and ask for both at once.

    Raises:
        ScheduleError: no such step.
    """
    bundle = model.bundle
    (x_0, eps), level = with_noise(model, photo, seed), bundle.schedule.at(i)
    cond, null = (encode(bundle.conditioner, [words]) for words in (prompt, negative))
    with torch.no_grad():
        terms = BOTH(bundle.denoiser, jump(x_0, eps, level), level, cond, null).terms
    return Beliefs(cond=terms["cond"], null=terms["null"])


FAR = 0.1
"""A twentieth of the way from black to white."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Row:
    """Whole pictures of one prompt at one w, each from a seed of its own.

    clipped: the share of the pictures' numbers that lie beyond [-1, 1] by more than FAR, before they are cut there.
    spread: how far the pictures vary from seed to seed (n - 1), root mean square over their numbers.
    """

    w: float
    z: Float32[np.ndarray, "k c h w"]
    pictures: Float32[np.ndarray, "k 3 H W"]
    clipped: float
    spread: float


def rows(
    model: Model,
    prompt: str,
    *,
    scales: Sequence[float],
    seed: int,
    count: int = 3,
    steps: int = 8,
    negative: str = "",
    rescale: float = 0.0,
    interval: tuple[float, float] = (0.0, 1.0),
) -> Iterator[Row]:
    """A row for each scale, from the seeds seed, seed + 1, ...: drawn whole, as `Model.generate` draws them."""
    for w in scales:
        guidance = {"kind": "classifier-free", "scale": w, "rescale": rescale, "interval": interval}
        recipes = model.recipes(
            prompt, seed=seed, count=count, steps=steps, negative=negative, guidance=guidance, microbatch=count
        )
        *_, last = trace(model.bundle, *recipes)
        if isinstance(last, Decoded):
            yield row(w, last)


def row(w: float, end: Decoded) -> Row:
    """What came out."""
    z, image = as_numpy(end.latent), end.image
    seen = as_numpy(over_white(image))
    varied = seen.astype(np.float64).var(0, ddof=1) if len(seen) > 1 else np.zeros(1)
    outside = float((image.abs() > 1.0 + FAR).float().mean())
    return Row(w=w, z=z, pictures=seen, clipped=outside, spread=float(np.sqrt(varied.mean())))
