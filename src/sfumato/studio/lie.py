"""Lie to the network about t: a picture with the noise of one step, and a network that is told of another."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32, UInt8

from sfumato.denoiser import NetworkDenoiser
from sfumato.errors import RecipeError
from sfumato.inspect.numbers import rms
from sfumato.model import Model
from sfumato.nets.frozen import thawed
from sfumato.pipeline import encode
from sfumato.process.forward import jump
from sfumato.process.prediction import Prediction
from sfumato.studio.denoise import with_noise


@dataclass(frozen=True, eq=False, kw_only=True)
class Lie:
    """What the network says of one x_t when it is told the truth, and when it is not; `similar` as in `likeness`."""

    x_0: torch.Tensor
    honest: Prediction
    lied: Prediction
    similar: float

    def numbers(self) -> dict[str, float]:
        """Errors of x0_hat, root mean square, told the truth and the lie; how many times the second is the first."""
        honest, lied = (rms(one.x0_hat - self.x_0) for one in (self.honest, self.lied))
        return {"honest": honest, "lied": lied, "times": lied / honest, "similar": self.similar}


def lie(model: Model, photo: UInt8[np.ndarray, "h w 3"], *, seed: int, i: int, told: int) -> Lie:
    """The photo's latents with the noise of step i, and the network told of i, then of `told`. No prompt.

    Raises:
        RecipeError: no network that is told of the level.
    """
    x_0, x_t = state(model, photo, seed, i)
    honest, lied = (said(model, x_t, i, (step,)) for step in (i, told))
    return Lie(x_0=x_0, honest=honest, lied=lied, similar=likeness(model, i, told))


def errors(
    model: Model, photo: UInt8[np.ndarray, "h w 3"], *, seed: int, i: int, told: Sequence[int]
) -> Float32[np.ndarray, " n"]:
    """Root mean square errors of x0_hat at step i for each step that the network is told, all in one batch."""
    x_0, x_t = state(model, photo, seed, i)
    belief = said(model, x_t, i, told)
    return np.array([rms(one - x_0[0]) for one in belief.x0_hat], np.float32)


def state(
    model: Model, photo: UInt8[np.ndarray, "h w 3"], seed: int, i: int
) -> tuple[Float32[torch.Tensor, "1 c h w"], Float32[torch.Tensor, "1 c h w"]]:
    """x_0 and x_t of the photo."""
    x_0, eps = with_noise(model, photo, seed)
    return x_0, jump(x_0, eps, model.bundle.schedule.at(i))


def said(model: Model, x_t: Float32[torch.Tensor, "1 c h w"], i: int, told: Sequence[int]) -> Prediction:
    """The belief about x_t for each step told; how the answer is read stays that of step i."""
    bundle, count = model.bundle, len(told)
    denoiser = bundle.denoiser
    if not isinstance(denoiser, NetworkDenoiser):
        raise RecipeError(f"{model.name!r} has no network that is told of the noise level; take another model")
    heard = torch.tensor([float(denoiser.clock(bundle.schedule.at(step))) for step in told], dtype=torch.float64)
    liar = replace(denoiser, clock=lambda _: heard)
    with torch.no_grad():
        return liar(x_t.expand(count, -1, -1, -1), bundle.schedule.at(i), encode(bundle.conditioner, [""] * count))


def gamma(model: Model, steps: Sequence[int]) -> Float32[np.ndarray, "n d"]:
    """The network's own sinusoidal embedding of each step, before its first layer.

    Raises:
        RecipeError: a network without one.
    """
    denoiser: Any = model.bundle.denoiser
    found: Any = getattr(thawed(getattr(denoiser, "net", None)), "sinusoidal", None)
    if found is None:
        raise RecipeError(f"{model.name!r} has no sinusoidal embedding of the noise level")
    numbers = [float(denoiser.clock(model.bundle.schedule.at(step))) for step in steps]
    return found(torch.tensor(numbers, dtype=torch.float64)).numpy()


def likeness(model: Model, i: int, j: int) -> float:
    """The cosine between the embeddings of two steps."""
    a, b = gamma(model, (i, j)).astype(np.float64)
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
