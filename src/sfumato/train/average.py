"""The average of the weights over a run, by a power of time.

Karras et al. 2024, "Analyzing and improving the training dynamics of diffusion models", section 3:

avg_k = beta_k avg_(k-1) + (1 - beta_k) w_k with beta_k = (1 - 1/k)^(gamma + 1): step k's weight in the average at K
goes as (k/K)^gamma, so the average's width is a fixed fraction sigma_rel of the run so far, whatever its length, and
its first value is forgotten by construction.
"""

import numpy as np
import torch
from torch import Tensor, nn


def exponent(sigma_rel: float) -> float:
    """gamma for a relative width: sigma_rel^2 = (gamma + 1) / ((gamma + 2)^2 (gamma + 3)).

    The largest real root of gamma^3 + 7 gamma^2 + (16 - s) gamma + 12 - s = 0, with s = sigma_rel^-2.
    """
    s = sigma_rel**-2
    return float(np.roots([1.0, 7.0, 16.0 - s, 12.0 - s]).real.max())


class PowerAverage:
    """The running average of a module's parameters, kept by name in float32."""

    def __init__(self, module: nn.Module, sigma_rel: float, cap: float = 1.0) -> None:
        self.cap = cap
        self.gamma = exponent(sigma_rel)
        self.weights = {name: p.detach().clone().float() for name, p in module.named_parameters()}

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        """Take in the weights after step number `step` (1, 2, ...)."""
        beta = min(self.cap, (1.0 - 1.0 / step) ** (self.gamma + 1.0))
        latest = [p.detach() for p in module.parameters()]
        torch._foreach_lerp_(list(self.weights.values()), latest, 1.0 - beta)  # pyright: ignore[reportPrivateImportUsage]

    @torch.no_grad()
    def load(self, weights: dict[str, Tensor]) -> None:
        """Replace the average by stored values of the same names and shapes."""
        for name, value in self.weights.items():
            value.copy_(weights[name])
