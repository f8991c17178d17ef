"""A run from noise to picture: what the model holds at each step, what it guesses, and which detail is settled when."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float64, UInt8

from sfumato.guidance import ClassifierFree
from sfumato.model import Model
from sfumato.pipeline import encode
from sfumato.process.bound import Information, prior_kl, step_kl
from sfumato.process.forward import jump
from sfumato.process.grid import trailing
from sfumato.process.schedule import Level
from sfumato.samplers.base import Step
from sfumato.studio.denoise import Picture, decoded, with_noise


@dataclass(frozen=True, eq=False, kw_only=True)
class Still:
    """One evaluation on the way: x_t and x0_hat as the decoder shows them."""

    here: Level
    there: Level
    holds: Picture
    guess: Picture


def film(model: Model, prompt: str, *, seed: int, steps: int) -> Iterator[Still]:
    """Every step of the picture that `generate` makes of these settings, the model's own in all else."""
    for event in model.trace(prompt, seed=seed, steps=steps):
        if isinstance(event, Step):
            holds, guess = (decoded(model, z) for z in (event.prediction.x_t, event.prediction.x0_hat))
            yield Still(here=event.here, there=event.there, holds=holds, guess=guess)


def bands(side: int) -> list[tuple[int, int]]:
    """Octaves of spatial frequency, low <= waves across the picture < high: 1, 2 to 3, 4 to 7, ... below side / 2."""
    return [(2**k, 2 ** (k + 1)) for k in range(side.bit_length() - 2)]


def agreement(picture: Picture, final: Picture) -> Float64[np.ndarray, " k"]:
    """How the two correlate within each band of `bands`, -1 to 1: Re sum F conj(G) / (|F| |G|) over its waves.

    F and G are the pictures' Fourier coefficients, colours together; a band without anything in one of them has 0.
    """
    waves = [np.fft.fft2(x.astype(np.float64)) for x in (picture, final)]
    height, width = picture.shape[-2:]
    radius = np.hypot(np.fft.fftfreq(height, 1 / height)[:, None], np.fft.fftfreq(width, 1 / width)[None])
    found = []
    for low, high in bands(min(height, width)):
        f, g = (wave[:, (radius >= low) & (radius < high)] for wave in waves)
        size = np.linalg.norm(f) * np.linalg.norm(g)
        found.append(float(np.vdot(g, f).real / size) if size > 0.0 else 0.0)
    return np.array(found)


def ladder(guesses: Sequence[Picture]) -> Float64[np.ndarray, "s k"]:
    """The agreement of each guess with the last one, which is the finished picture."""
    return np.stack([agreement(guess, guesses[-1]) for guess in guesses])


def settled(rungs: Float64[np.ndarray, "s k"], least: float = 0.9) -> list[int]:
    """For each band the first step from which its agreement stays at `least` or above."""
    below = rungs < least
    return [int(np.flatnonzero(band)[-1]) + 1 if band.any() else 0 for band in below.T]


def prices(model: Model, photo: UInt8[np.ndarray, "h w 3"], *, seed: int, steps: int) -> Iterator[Information]:
    """What each step of the same levels costs for a known photo: the terms of the variational bound but its last.

    First the prior term, then KL(q(x_s | x_t, x_0) || p(x_s | x_t)) (process/bound.py) of each step but that to clean,
    at x_t = alpha x_0 + sigma eps with the seed's one noise, without a prompt.
    """
    bundle = model.bundle
    (x_0, eps), null = with_noise(model, photo, seed), encode(bundle.conditioner, [""])
    levels = trailing(bundle.schedule, steps)
    yield prior_kl(x_0, levels[0], prior_std=float(np.hypot(levels[0].alpha, levels[0].sigma)))
    for here, there in pairwise(levels[:-1]):
        with torch.no_grad():
            belief = ClassifierFree(scale=0.0)(bundle.denoiser, jump(x_0, eps, here), here, null, null)
        yield step_kl(x_0, belief.x0_hat, there, here)


def total(costs: Sequence[Information]) -> float:
    """Their sum in bits, of the one photo."""
    return float(sum(float(cost.bits[0]) for cost in costs))
