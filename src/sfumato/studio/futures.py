"""Possible futures: one noisy state, and the pictures that grow from it with different noise on the way."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32

from sfumato.arrays import as_numpy
from sfumato.errors import RecipeError
from sfumato.guidance import ClassifierFree
from sfumato.inspect.numbers import rms
from sfumato.model import Model
from sfumato.pipeline import encode
from sfumato.process.prediction import Prediction
from sfumato.process.schedule import CLEAN, Level, Schedule
from sfumato.rng import PerSample
from sfumato.samplers import DDPM
from sfumato.studio.denoise import Answer, Latents, Picture, decoded, there

BATCH = 4
"""Futures that walk together: one question to the desk."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Futures:
    """The latents x_0 of all futures so far, and how they stand to the belief that they began from."""

    x0_hat: Latents
    x_0: Float32[np.ndarray, "k c h w"]

    @property
    def mean(self) -> Latents:
        """Their average."""
        return self.x_0.mean(0)

    @property
    def distances(self) -> list[float]:
        """How far each lies from x0_hat, root mean square over the latents' numbers."""
        return [rms(x_0 - self.x0_hat) for x_0 in self.x_0]

    def numbers(self) -> dict[str, float]:
        """Root mean squares over the latents' numbers.

        spread: standard deviation from one future to another (n - 1). apart: their mean's distance from x0_hat.
        chance: spread / sqrt(k), how far the mean of k draws lies from what it is the mean of, if that is x0_hat.
        """
        varied = self.x_0.astype(np.float64)
        spread = float(np.sqrt(np.mean(varied.var(0, ddof=1)))) if len(varied) > 1 else 0.0
        apart = rms(varied.mean(0) - self.x0_hat)
        return {"spread": spread, "apart": apart, "chance": spread / len(varied) ** 0.5}


def walks(
    model: Model, answer: Answer, *, seeds: Sequence[int], prompt: str = "", steps: int = 8
) -> Float32[np.ndarray, "k c h w"]:
    """The latents that each seed's noise leads to from answer.x_t: DDPM from there down, no guidance beyond the prompt.

    Raises:
        RecipeError: no seed, or more than go in one batch.
    """
    if not 1 <= len(seeds) <= BATCH:
        raise RecipeError(f"{len(seeds)} futures at once; expected 1..{BATCH}")
    bundle, k = model.bundle, len(seeds)
    cond, null = (encode(bundle.conditioner, [words] * k) for words in (prompt, ""))
    guidance = ClassifierFree(scale=1.0)

    def belief(x: torch.Tensor, level: Level, /) -> Prediction:
        return guidance(bundle.denoiser, x, level, cond, null)

    x = there(model, answer.x_t)[None].expand(k, -1, -1, -1)
    with torch.no_grad():
        for step in DDPM()(belief, x, below(bundle.schedule, answer.level, steps), PerSample(tuple(seeds))):
            x = step.x_next
    return as_numpy(x)


def futures(
    model: Model, answer: Answer, *, seed: int, count: int, prompt: str = "", steps: int = 8
) -> Iterator[Futures]:
    """All futures so far, after each batch; future k is drawn from seed + k."""
    found = np.empty((0, *answer.x_t.shape), np.float32)
    for first in range(0, count, BATCH):
        seeds = range(seed + first, seed + min(first + BATCH, count))
        found = np.concatenate([found, walks(model, answer, seeds=seeds, prompt=prompt, steps=steps)])
        yield Futures(x0_hat=answer.x0_hat, x_0=found)


def below(schedule: Schedule, here: Level, steps: int) -> tuple[Level, ...]:
    """From `here`, a whole step of the schedule, down to clean in at most `steps` even ones, all of them whole."""
    i = int(np.asarray(here.i))
    n = min(steps, i)
    return (*(schedule.at(round(i - k * i / n)) for k in range(n)), CLEAN)


def pictures(model: Model, x_0: Float32[np.ndarray, "k c h w"]) -> list[Picture]:
    """What the decoder makes of each."""
    return [decoded(model, there(model, z)[None]) for z in np.ascontiguousarray(x_0)]
