"""A trained network that only answers: no gradients, its own number format inside, float32 outside."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


@dataclass(frozen=True, eq=False)
class Frozen:
    """The network call net(x, c_noise, tokens, mask, pooled, numbers), without gradients, in the weights' dtype."""

    module: nn.Module
    dtype: torch.dtype = torch.float32

    @torch.no_grad()
    def __call__(
        self,
        x: Float[Tensor, "b c h w"],
        c_noise: float | Float[Tensor, "..."],
        tokens: Float[Tensor, "b l d"] | None,
        mask: Bool[Tensor, "b l"] | None,
        pooled: Float[Tensor, "b p"] | None,
        numbers: Float[Tensor, "m k"] | None = None,
        /,
    ) -> Float[Tensor, "b c h w"]:
        """The answer in the dtype of x, so that the sampler's state stays float32."""
        tokens = None if tokens is None else tokens.to(self.dtype)
        pooled = None if pooled is None else pooled.to(self.dtype)
        dials = () if numbers is None else (numbers.to(self.dtype),)
        return self.module(x.to(self.dtype), c_noise, tokens, mask, pooled, *dials).to(x.dtype)


def thawed(net: object) -> object:
    """The torch module inside a network that is frozen for generating; whatever else it is, itself."""
    return getattr(net, "module", net)
