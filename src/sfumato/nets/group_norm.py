"""Group normalisation whose kernel is a part that can be swapped, and a kernel for training on a CPU.

y = gamma (x - mu) / sqrt(sigma^2 + eps) + beta, with mu and sigma^2 over the features of a group and all cells (Wu
and He 2018). The usual kernel is F.group_norm. On a CPU that takes three times as long for bfloat16 as for float32
where the memory is channels-last, as convolutions there want it. `in_parts` has it work in float32, on a few samples at
a time, so that what is wide stays in the processor's cache.
"""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

Kernel = Callable[[Tensor, int, Tensor | None, Tensor | None, float], Tensor]
"""x [b c h w], groups, gamma [c], beta [c], eps -> [b c h w]."""

CACHED = 1 << 16
"""Numbers that are worked on at a time."""


class GroupNorm(nn.GroupNorm):
    """torch's, with a kernel."""

    kernel: Kernel = staticmethod(F.group_norm)  # pyright: ignore[reportAssignmentType]

    def forward(self, input: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """The kernel's answer."""
        return self.kernel(input, self.num_groups, self.weight, self.bias, self.eps)


def in_parts(x: Tensor, groups: int, weight: Tensor | None, bias: Tensor | None, eps: float) -> Tensor:
    """The same as F.group_norm, faster for channels-last bfloat16 maps on a CPU; others go to F.group_norm.

    So does what torch.compile is reading: it fuses the whole, and would take every part for an operation of its own.

    Accuracy: the bits of F.group_norm in float32, rounded to bfloat16 (tests/nets/test_group_norm.py).
    """
    if weight is None or bias is None or not _suits(x) or torch.compiler.is_compiling():
        return F.group_norm(x, groups, weight, bias, eps)
    return InParts.apply(x, weight, bias, groups, eps)  # type: ignore[return-value]


def _suits(x: Tensor) -> bool:
    halved = x.device.type == "cpu" and x.dtype == torch.bfloat16
    return halved and x.ndim == 4 and x.is_contiguous(memory_format=torch.channels_last)


class InParts(torch.autograd.Function):
    """F.group_norm's own two passes, in float32, some samples at a time."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, groups: int, eps: float) -> Tensor:
        """y, in x's number format."""
        out, (c, cells) = torch.empty_like(x), (x.shape[1], x[0, 0].numel())
        gamma, beta = weight.float(), bias.float()
        mean, root = torch.empty(2, len(x), groups).unbind()
        for part in parts(x):
            wide = x[part].float()
            y, mean[part], root[part] = torch.native_group_norm(wide, gamma, beta, len(wide), c, cells, groups, eps)
            out[part].copy_(y)
        ctx.save_for_backward(x, mean, root, gamma)
        ctx.given = weight.dtype, bias.dtype
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:  # type: ignore[override]
        """The gradients of x, gamma and beta."""
        x, mean, root, gamma = ctx.saved_tensors
        out, (c, cells) = torch.empty_like(x), (x.shape[1], x[0, 0].numel())
        of_gamma, of_beta = torch.zeros(2, c).unbind()
        grad = grad.contiguous(memory_format=torch.channels_last)
        for part in parts(x):
            g, wide = grad[part].float(), x[part].float()
            dx, dgamma, dbeta = torch.ops.aten.native_group_norm_backward(
                g, wide, mean[part], root[part], gamma, len(g), c, cells, mean.shape[1], [True, True, True]
            )
            out[part].copy_(dx)
            of_gamma += dgamma
            of_beta += dbeta
        return out, of_gamma.to(ctx.given[0]), of_beta.to(ctx.given[1]), None, None


def parts(x: Tensor) -> list[slice]:
    """Samples in parts of about CACHED numbers."""
    each = max(1, CACHED // x[0].numel())
    return [slice(start, start + each) for start in range(0, len(x), each)]
