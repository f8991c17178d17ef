"""How alike two pictures look to a denoiser: the distance of what it makes of both on its way down.

A network that fits ends by their squares, or by their norm, answers with a mean where it is not sure, and a mean of
pictures is no picture. What a trained network sees in both tells them apart as eyes do (Zhang et al. 2018, LPIPS); a
frozen denoiser can be that network (Lin and Yang 2024, arXiv:2401.00110), needs nothing downloaded, and sees latents
as they are. Both are noised alike, as it has never seen clean ones:

    d(y, x) = sum over maps l of the mean over places of |phi_l(y) - phi_l(x)|^2, each phi_l(.) of length 1 at a place.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from sfumato.conditioner import Conditioning
from sfumato.denoiser import Clock
from sfumato.nets.unet import UNet
from sfumato.process.prediction import Parameterisation
from sfumato.process.schedule import Level
from sfumato.train.precision import autocast

NOISED = (0.02, 0.5)
"""Between which t both are noised."""


@dataclass(frozen=True, eq=False)
class Look:
    """At which levels, and with which noise, two batches are looked at."""

    level: Level
    eps: Tensor


@dataclass(frozen=True, eq=False)
class Eyes:
    """A frozen U-Net that compares."""

    net: UNet
    parameterisation: Parameterisation
    clock: Clock
    dtype: torch.dtype

    def __call__(self, y: Tensor, goal: Tensor, look: Look, cond: Conditioning) -> Float[Tensor, " b"]:
        """d(y, goal) of each sample; no gradient goes through `goal`."""
        with torch.no_grad():
            theirs = self.seen(goal, look, cond)
        apart = [
            (ours - their).square().sum(dim=1) for ours, their in zip(self.seen(y, look, cond), theirs, strict=True)
        ]
        return torch.stack([part.mean(dim=(1, 2)) for part in apart]).sum(dim=0)

    def seen(self, x: Tensor, look: Look, cond: Conditioning) -> list[Float[Tensor, "b c h w"]]:
        """phi_l(x), in float32."""
        level = look.level
        noised = self.parameterisation.scale_in(level) * (level.alpha * x + level.sigma * look.eps)
        clock = torch.as_tensor(self.clock(level)).flatten()
        with autocast(self.dtype, x.device):
            maps = self.net.features(
                noised.contiguous(memory_format=torch.channels_last), clock, cond.tokens, cond.mask, cond.pooled
            )
        return [torch.nn.functional.normalize(found.float(), dim=1) for found in maps]
