"""Muon: momentum whose matrices are made orthogonal before they are taken as a step.

Jordan et al. 2024 (the method and the iteration's coefficients); Liu et al. 2025, "Muon is scalable for LLM training",
section 2.2 (the scale that lets it share AdamW's learning rate). A convolution [o, i, k, k] counts as the matrix
[o, k k i].

    m <- beta m + (1 - beta) g;  u = beta m + (1 - beta) g (Nesterov);  w <- (1 - lr wd) w - lr 0.2 sqrt(max(o, i)) O(u)

O(u) = U V^T of u = U S V^T, nearly: every singular value comes out between 0.68 and 1.14.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""a, b, c of x <- a x + b x^3 + c x^5 on each singular value: steep at 0, and five rounds of it end near 1."""

ROUNDS = 5


class Muon(torch.optim.Optimizer):
    """For parameters of two and more axes. lr: that of AdamW serves. beta: momentum."""

    def __init__(
        self,
        params: Iterable[Any],
        *,
        lr: float,
        weight_decay: float = 0.0,
        beta: float = 0.95,
        dtype: torch.dtype = torch.bfloat16,
    ) -> None:
        """dtype: of the iteration's products; it forgives rounding, so bfloat16 does where the device is fast at it."""
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay, "beta": beta, "dtype": dtype})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One update of every parameter that has a gradient, those of one shape together; no closure is taken."""
        for group in self.param_groups:
            alike: dict[torch.Size, list[tuple[Tensor, Tensor]]] = {}
            for p in group["params"]:
                if p.grad is not None:
                    alike.setdefault(as_matrix(p).shape, []).append((p, p.grad))
            for shape, pairs in alike.items():
                o = orthogonal(torch.stack([self.momentum(*pair, group["beta"]) for pair in pairs]), group["dtype"])
                for (p, _), turned in zip(pairs, o, strict=True):
                    p.mul_(1.0 - group["lr"] * group["weight_decay"])
                    p.add_(as_kernel(turned, like=p), alpha=-group["lr"] * 0.2 * max(shape) ** 0.5)

    def momentum(self, p: Tensor, gradient: Tensor, beta: float) -> Float[Tensor, "o i"]:
        """u of one parameter, after its momentum has taken in the gradient."""
        state = self.state[p]
        if not state:
            state["exp_avg"] = torch.zeros_like(p, memory_format=torch.preserve_format)
        return as_matrix(gradient.lerp(state["exp_avg"].lerp_(gradient, 1.0 - beta), beta))


def as_matrix(w: Tensor) -> Float[Tensor, "o i"]:
    """[o, i, ...] as [o, ... i]: a view where the memory is channels-last."""
    return w.movedim(1, -1).flatten(1)


def as_kernel(matrix: Float[Tensor, "o i"], *, like: Tensor) -> Tensor:
    """The inverse of as_matrix."""
    return matrix.view(like.shape[0], *like.shape[2:], like.shape[1]).movedim(-1, 1)


def orthogonal(u: Float[Tensor, "n o i"], dtype: torch.dtype = torch.bfloat16) -> Float[Tensor, "n o i"]:
    """Nearly U V^T of each u = U S V^T, by five Newton-Schulz rounds of x <- a x + (b x x^T + c (x x^T)^2) x.

    A matrix of zeros stays zero. Accuracy: singular values above 0.01 of the Frobenius norm end in [0.65, 1.2]
    (tests/train/test_muon.py).
    """
    a, b, c = COEFFICIENTS
    tall = u.shape[1] > u.shape[2]
    x = (u / u.norm(dim=(1, 2), keepdim=True).clamp(min=1e-20)).to(dtype)
    x = x.mT.contiguous() if tall else x
    for _ in range(ROUNDS):
        gram = torch.bmm(x, x.mT)
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.mT if tall else x).to(u.dtype).contiguous()
