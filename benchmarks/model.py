"""The model that the benchmarks draw with: the shipped one's U-Net, random weights, no text encoder."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from sfumato import rng
from sfumato.clocks import Index
from sfumato.conditioner import Conditioning
from sfumato.denoiser import NetworkDenoiser
from sfumato.nets.unet import UNet
from sfumato.pipeline import Bundle
from sfumato.process.parameterisation import Eps
from sfumato.process.tabulated import ScaledLinear
from sfumato.recipe import Recipe

HASH = "0" * 64
TOKENS = 32
FULL: dict[str, Any] = {"block_out_channels": (128, 256, 320), "layers_per_block": 1, "token_dim": 384}
TINY: dict[str, Any] = {"block_out_channels": (64, 64, 128), "layers_per_block": 1, "token_dim": 16, "norm_groups": 8}


@dataclass(frozen=True)
class Latents:
    """No autoencoder: what is timed is the denoising alone."""

    factor: int = 1
    channels: int = 8

    def decode(self, latent: Tensor) -> Tensor:
        """The latent itself."""
        return latent


def fill(net: torch.nn.Module, seed: int = 0) -> torch.nn.Module:
    """Every weight drawn from Philox, small, so that no layer starts at zero and outputs stay of order one."""
    with torch.no_grad():
        for k, weight in enumerate(net.parameters()):
            values = torch.from_numpy(rng.normal(seed, tuple(weight.shape), stream=rng.DATA, step=k))
            scale = 0.1 if weight.ndim == 1 else 0.7 / weight[0].numel() ** 0.5
            weight.copy_(values * scale + (0.5 if weight.ndim == 1 else 0.0))
    return net.eval().requires_grad_(False)


def tokens(prompts: Sequence[str], width: int) -> Conditioning:
    """Token states for each prompt, drawn from its length; every token is real."""
    draws = [rng.normal(len(prompt), (TOKENS, width), stream=rng.DATA) for prompt in prompts]
    states = torch.stack([torch.from_numpy(draw) for draw in draws])
    return Conditioning(states, torch.ones(len(prompts), TOKENS, dtype=torch.bool), tuple((p,) for p in prompts))


def bundle(*, tiny: bool = False, side: int = 16) -> Bundle:
    """The whole: 16 x 16 latents of 8 channels, Stable Diffusion's schedule, eps-prediction."""
    options = TINY if tiny else FULL
    return Bundle(
        name="benchmark",
        model_hash=HASH,
        conditioner=lambda prompts: tokens(prompts, options["token_dim"]),
        denoiser=NetworkDenoiser(fill(UNet(**options)), Eps(), Index()),
        autoencoder=Latents(),
        schedule=ScaledLinear(),
        sizes=((side, side),),
    )


def recipe(steps: int, sampler: str = "ddim", *, scale: float = 4.0, side: int = 16, microbatch: int = 1) -> Recipe:
    """One picture of the benchmark's model."""
    return Recipe(
        prompt="a red apple, 3d render",
        model="benchmark",
        model_hash=HASH,
        size=(side, side),
        steps=steps,
        grid="trailing",
        sampler={"kind": sampler},
        guidance={"kind": "classifier-free", "scale": scale},
        microbatch=microbatch,
    )
