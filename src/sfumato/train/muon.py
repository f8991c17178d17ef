"""Muon: momentum whose matrices are made orthogonal before they are taken as a step.

Jordan et al. 2024 (the method); Liu et al. 2025, "Muon is scalable for LLM training", section 2.2 (the scale that lets
it share AdamW's learning rate); Amsel et al. 2025, "The Polar Express", theorem 3.1 (the iteration's coefficients: in
each round the quintic that is nearest to 1 on the interval that the round before left). A convolution [o, i, k, k]
counts as the matrix [o, k k i].

    m <- beta m + (1 - beta) g;  u = beta m + (1 - beta) g (Nesterov);  w <- (1 - lr wd) w - lr 0.2 sqrt(max(o, i)) O(u)

O(u) = U V^T of u = U S V^T, nearly: a singular value above 0.005 of the Frobenius norm comes out between 0.9 and 1.1
(in bfloat16 0.87 and 1.13). Jordan's five rounds of one quintic leave it between 0.68 and 1.20.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

Quintic = tuple[float, float, float]
"""a, b, c of x <- a x + b x^3 + c x^5 on each singular value."""

ROUNDS: tuple[Quintic, ...] = (
    (8.1360, -23.0214, 16.3849),
    (3.8460, -2.7601, 0.5080),
    (3.1450, -2.2740, 0.4566),
    (2.2311, -1.6187, 0.4207),
)
"""The best quintics for singular values in [0.005, 1], one after the other; all but the last leave room for what
rounding makes 2 % too large, for past its interval a quintic grows without bound (tests/train/test_muon.py finds them).
"""

WIDE = 1.5
"""Sides in this ratio or a larger one make two rounds cheaper on the Gram matrix alone."""


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
        rounds: Sequence[Quintic] = ROUNDS,
    ) -> None:
        """dtype: of the iteration's products; it forgives rounding, so bfloat16 does where the device is fast at it."""
        defaults = {"lr": lr, "weight_decay": weight_decay, "beta": beta, "dtype": dtype, "rounds": rounds}
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One update of every parameter that has a gradient, those of one shape together; no closure is taken."""
        for group in self.param_groups:
            alike: dict[torch.Size, list[tuple[Tensor, Tensor]]] = {}
            for p in group["params"]:
                if p.grad is not None:
                    alike.setdefault(as_matrix(p).shape, []).append((p, p.grad))
            for shape, pairs in alike.items():
                u = torch.stack([self.momentum(*pair, group["beta"]) for pair in pairs])
                o = orthogonal(u, group["dtype"], group["rounds"])
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


def orthogonal(
    u: Float[Tensor, "n o i"], dtype: torch.dtype = torch.bfloat16, rounds: Sequence[Quintic] = ROUNDS
) -> Float[Tensor, "n o i"]:
    """Nearly U V^T of each u = U S V^T, by rounds of x <- p(x x^T) x, p(g) = a + b g + c g^2.

    Where one side is much the longer, two rounds are taken at once: p_1 and p_2 are polynomials of the one Gram matrix,
    so that the second needs no product with x, x x^T having become p_1 g p_1. More than two at once would let the
    rounding of g grow.

    A matrix of zeros stays zero. Accuracy: see above; tests/train/test_muon.py measures it, in bfloat16 too.
    """
    tall = u.shape[1] > u.shape[2]
    x = (u / u.norm(dim=(1, 2), keepdim=True).clamp(min=1e-20)).to(dtype)
    x = x.mT.contiguous() if tall else x
    for k in range(0, len(rounds), 2):
        pair = rounds[k : k + 2]
        if len(pair) == 2 and x.shape[2] >= WIDE * x.shape[1]:
            gram = torch.bmm(x, x.mT)
            first = polynomial(gram, pair[0])
            second = polynomial(torch.bmm(torch.bmm(first, gram), first), pair[1])
            x = torch.bmm(torch.bmm(second, first), x)
        else:
            for a, b, c in pair:
                gram = torch.bmm(x, x.mT)
                x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.mT if tall else x).to(u.dtype).contiguous()


def polynomial(gram: Float[Tensor, "n m m"], quintic: Quintic) -> Float[Tensor, "n m m"]:
    """a + b g + c g^2."""
    a, b, c = quintic
    p = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
    p.diagonal(dim1=1, dim2=2).add_(a)
    return p
