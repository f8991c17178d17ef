"""The optimiser of plain_loop.py's rival."""

import torch
from torch import nn


class PlainMuon(torch.optim.Optimizer):
    """Muon as Jordan et al. (2024) wrote it: one matrix after the other, five rounds of his quintic."""

    def __init__(self, params: list[nn.Parameter], lr: float, weight_decay: float, dtype: torch.dtype) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})
        self.dtype = dtype

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One update."""
        a, b, c = 3.4445, -4.7750, 2.0315
        for group in self.param_groups:
            for p in group["params"]:
                momentum = self.state[p].setdefault("momentum", torch.zeros_like(p))
                momentum.lerp_(p.grad, 0.05)
                update = p.grad.lerp(momentum, 0.95)
                x = update.flatten(1).to(self.dtype)
                tall, largest = x.shape[0] > x.shape[1], max(x.shape)
                x = (x.T if tall else x) / x.norm().clamp(min=1e-20)
                for _ in range(5):
                    gram = x @ x.T
                    x = a * x + (b * gram + c * gram @ gram) @ x
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_((x.T if tall else x).reshape(p.shape), alpha=-group["lr"] * 0.2 * largest**0.5)
