"""The whole machine at work: one picture drawn, each part's share of it with its shapes, numbers and seconds."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float32
from torch import nn

from sfumato.arrays import as_numpy
from sfumato.conditioner import Conditioning
from sfumato.denoiser import Denoiser
from sfumato.inspect.numbers import rms
from sfumato.model import Model
from sfumato.nets.frozen import thawed
from sfumato.pipeline import Decoded, Encoded, trace
from sfumato.process.prediction import Prediction
from sfumato.process.schedule import Level
from sfumato.samplers.base import Step
from sfumato.studio.denoise import Latents, Picture, over_white
from sfumato.types import Latent


@dataclass(frozen=True, kw_only=True)
class Part:
    """One trained part: how many numbers it holds, and how many bytes they take in memory."""

    name: str
    numbers: int
    bytes: int


def parts(model: Model) -> tuple[Part, Part, Part]:
    """The text encoder, the network, and the decoder; one that holds nothing trained has zeros."""
    bundle = model.bundle
    vae = getattr(bundle.autoencoder, "vae", None)
    return (
        _part("text", getattr(bundle.conditioner, "encoder", None)),
        _part("network", thawed(getattr(bundle.denoiser, "net", None))),
        _part("decoder", getattr(vae, "decoder", None)),
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class Written:
    """The prompt as numbers: (text, number) of each token, both ends among them, and a state for each [l, d].

    seconds: what the encoder took for the prompt and the one that guidance leads away from.
    """

    tokens: tuple[tuple[str, int | None], ...]
    states: Float32[np.ndarray, "l d"]
    seconds: float


@dataclass(frozen=True, eq=False, kw_only=True)
class Moved:
    """One step. evaluations: pictures that the network has looked at so far, two a call under guidance.

    noise, network and rest share the seconds of the step: the first noise (in the first step alone), the network, and
    the arithmetic of guidance and sampler.
    """

    step: Step
    evaluations: int
    noise: float
    network: float
    rest: float

    @property
    def pull(self) -> Latents:
        """x0_hat with the prompt less x0_hat without it: where guidance leads; zeros where only one was asked."""
        belief = self.step.prediction
        if not {"cond", "null"} <= set(belief.terms):
            return np.zeros_like(as_numpy(belief.x0_hat)[0])
        return as_numpy(belief.terms["cond"].x0_hat - belief.terms["null"].x0_hat)[0]

    def numbers(self) -> dict[str, float]:
        """Root mean squares over the latents' numbers: of x_t, of x0_hat, of the pull, and of the step taken."""
        belief = self.step.prediction
        return {
            "holds": rms(belief.x_t),
            "guess": rms(belief.x0_hat),
            "pull": rms(self.pull),
            "moved": rms(self.step.x_next - belief.x_t),
            "evaluations": float(self.evaluations),
        }


@dataclass(frozen=True, eq=False, kw_only=True)
class Drawn:
    """The end: the latents x_0, the picture over white, and what the decoder took."""

    x_0: Latents
    picture: Picture
    seconds: float


def run(
    model: Model, prompt: str, *, seed: int, steps: int, w: float, negative: str = ""
) -> Iterator[Written | Moved | Drawn]:
    """Draw the picture that `generate` makes of these settings, with a stopwatch at the network.

    The seconds are wall time of this run on this machine; who asks for the next event slowly does not add to them.

    Raises:
        RecipeError: settings that the model cannot do.
    """
    watch = Watched(model.bundle.denoiser)
    recipe = model.recipe(prompt, seed=seed, steps=steps, negative=negative, guidance=w)
    events = trace(replace(model.bundle, denoiser=watch), recipe)
    while True:
        watch.seconds, watch.begun, begin = 0.0, 0.0, time.perf_counter()
        event = next(events, None)
        seconds = time.perf_counter() - begin
        if isinstance(event, Encoded):
            yield Written(tokens=_tokens(model, event.cond, prompt), states=_states(event.cond), seconds=seconds)
        elif isinstance(event, Step):
            noise = watch.begun - begin if event.i == 0 else 0.0
            rest = seconds - watch.seconds - noise
            yield Moved(step=event, evaluations=watch.rows, noise=noise, network=watch.seconds, rest=rest)
        elif isinstance(event, Decoded):
            picture = as_numpy(over_white(event.image))[0]
            yield Drawn(x_0=as_numpy(event.latent)[0], picture=picture, seconds=seconds)
        else:
            return


@dataclass(eq=False)
class Watched:
    """A denoiser with a stopwatch: seconds since it was last set to zero, when first asked, rows answered in all."""

    denoiser: Denoiser
    seconds: float = 0.0
    begun: float = 0.0
    rows: int = 0

    def __call__(self, x_t: Latent, level: Level, cond: Conditioning, /) -> Prediction:
        """The denoiser's own answer."""
        begin = time.perf_counter()
        belief = self.denoiser(x_t, level, cond)
        float(belief.x0_hat.reshape(-1)[0])  # a GPU is waited for
        self.seconds += time.perf_counter() - begin
        self.begun = self.begun or begin
        self.rows += len(x_t)
        return belief


def _part(name: str, module: object) -> Part:
    held = list(module.parameters()) if isinstance(module, nn.Module) else []
    return Part(name=name, numbers=sum(p.numel() for p in held), bytes=sum(p.numel() * p.element_size() for p in held))


def _tokens(model: Model, cond: Conditioning, prompt: str) -> tuple[tuple[str, int | None], ...]:
    conditioner: Any = model.bundle.conditioner
    texts = cond.words[0]
    numbers = conditioner.read([prompt])[0].ids if hasattr(conditioner, "read") else (None,) * len(texts)
    return tuple(zip(texts, numbers, strict=True))


def _states(cond: Conditioning) -> Float32[np.ndarray, "l d"]:
    return as_numpy(cond.tokens)[0][as_numpy(cond.mask)[0]].astype(np.float32)
