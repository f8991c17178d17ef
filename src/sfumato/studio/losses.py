"""What training minimises, level by level: the network's loss on one picture with one noise, under several captions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32, Float64

from sfumato.arrays import as_numpy
from sfumato.model import Model
from sfumato.pipeline import Decoded, encode
from sfumato.process.density import Density, Uniform, density_from
from sfumato.process.forward import jump
from sfumato.process.prediction import Prediction
from sfumato.process.schedule import Level
from sfumato.rng import PerSample

Latents = Float32[torch.Tensor, "1 c h w"]

LEVELS = 24
"""How many levels a curve has."""

FACES: Mapping[str, Callable[[Level], float]] = {
    "eps": lambda at: float(at.alpha / at.sigma) ** 2,
    "x0": lambda at: 1.0,
    "v": lambda at: float((at.alpha**2 + at.sigma**2) / at.sigma) ** 2,
    "flow": lambda at: float((at.alpha + at.sigma) / at.sigma) ** 2,
}
"""What a network may be asked for, each with what the squared error of x0_hat is multiplied by to become its own.

x_t = alpha x0_hat + sigma eps_hat holds of every belief, so an error e of x0_hat is one of -(alpha / sigma) e in
eps_hat, and what v and u = eps - x_0 err follows (tests/studio/test_losses.py: as process/parameterisation.py has it).
"""


@dataclass(frozen=True, eq=False, kw_only=True)
class Judged:
    """One level: a belief for each caption about the same x_t, and the truth that it is measured by, [1, c, h, w]."""

    level: Level
    belief: Prediction
    x_0: Latents

    @property
    def squares(self) -> Float64[np.ndarray, " n"]:
        """The mean squared error of x0_hat over the latents' numbers, for each caption."""
        apart = as_numpy(self.belief.x0_hat - self.x_0).astype(np.float64)
        return np.mean(apart**2, axis=(1, 2, 3))

    def losses(self, face: str) -> Float64[np.ndarray, " n"]:
        """The same for what a network is asked for: "eps", "x0", "v" or "flow"."""
        return FACES[face](self.level) * self.squares


def judged(model: Model, x_0: Latents, captions: Sequence[str], *, seed: int, i: int) -> Judged:
    """Jump from a picture's latents to step i of the model's own schedule with the seed's noise; ask with each caption.

    x_0: [1, c, h, w], as `denoise.encoded` makes them of a photo, or `drawing` of a prompt.

    Raises:
        ScheduleError: no such step.
    """
    level = model.bundle.schedule.at(i)
    eps = PerSample((seed,)).initial(tuple(x_0.shape[1:]), x_0)
    x_t = jump(x_0, eps, level).expand(len(captions), -1, -1, -1)
    with torch.no_grad():
        belief = model.bundle.denoiser(x_t, level, encode(model.bundle.conditioner, captions))
    return Judged(level=level, belief=belief, x_0=x_0)


@lru_cache(maxsize=8)
def drawing(model: Model, prompt: str, *, seed: int) -> Latents:
    """The latents of a picture that the model draws itself, with its own settings: one of the kind that it knows."""
    for event in model.trace(prompt, seed=seed):
        if isinstance(event, Decoded):
            return event.latent
    raise AssertionError("a trace ends with Decoded")


def carded(model: Model, *names: str) -> Any:
    """An entry of the model's card, one name inside the other; None where there is none."""
    found: Any = model.card
    for name in names:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def density(model: Model) -> Density:
    """How often training visited each level, as the model's card says; uniform where it says nothing."""
    options = carded(model, "recipe", "process", "density")
    return Uniform() if options is None else density_from(options)


def visited(model: Model, n: int = LEVELS) -> list[int]:
    """n steps of which training visits each as often: the middles of n equal shares of its density, cleanest first."""
    schedule = model.bundle.schedule
    times = np.asarray(density(model)((np.arange(n) + 0.5) / n, schedule).t)
    return [int(i) for i in np.clip(np.rint(times * schedule.T), 1, schedule.T)]


def mean(model: Model, x_0: Latents, caption: str, *, seed: int, face: str, n: int = LEVELS) -> float:
    """The mean loss over `visited`: what this picture with this noise would add to a training batch, about."""
    losses = [judged(model, x_0, [caption], seed=seed, i=i).losses(face)[0] for i in visited(model, n)]
    return float(np.mean(losses))
