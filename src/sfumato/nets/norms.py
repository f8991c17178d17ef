"""Normalisation over features: LayerNorm is torch's, RMSNorm is written out here."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

Norm = Literal["layer", "rms"]

EPS = 1e-6


class RMSNorm(nn.Module):
    """x / sqrt(mean(x^2) + eps) over the last axis, times a learned weight (Zhang and Sennrich 2019, equation 4).

    Computed in float32 and answered in the precision of x, so that half-precision activations may meet float32 weights.
    """

    def __init__(self, dim: int, *, affine: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim)) if affine else None

    def forward(self, x: Float[Tensor, "... d"]) -> Float[Tensor, "... d"]:
        """Each vector at root mean square 1, or at the weight."""
        wide = x.float()
        unit = wide * torch.rsqrt(wide.square().mean(dim=-1, keepdim=True) + EPS)
        return (unit if self.weight is None else unit * self.weight.float()).to(x.dtype)


def norm_of(kind: Norm, dim: int, *, affine: bool) -> nn.Module:
    """LayerNorm ("layer") or RMSNorm ("rms"), with or without learned parameters."""
    return RMSNorm(dim, affine=affine) if kind == "rms" else nn.LayerNorm(dim, eps=EPS, elementwise_affine=affine)
