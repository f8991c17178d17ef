"""1x1 convolutions as matrix products, so that a picture does not depend on how many threads there are.

The CPU's library for convolutions sums the channels of a 1x1 convolution in an order that depends on how many threads
share the work, and the last bits with it; its matrix products and larger convolutions do not
(tests/nets/test_pointwise.py).
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Pointwise(nn.Module):
    """y[b, o, h, w] = bias[o] + sum_c weight[o, c] x[b, c, h, w], with the weights of a convolution."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.weight, self.bias = conv.weight, conv.bias

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b o h w"]:
        """One matrix product for each sample."""
        rows = self.weight.flatten(1).expand(len(x), -1, -1)
        y = rows @ x.flatten(2) if self.bias is None else torch.baddbmm(self.bias[None, :, None], rows, x.flatten(2))
        return y.unflatten(2, x.shape[2:])


def replace_pointwise(network: nn.Module) -> nn.Module:
    """The network with every plain 1x1 convolution as a matrix product; names and weights stay."""
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is nn.Conv2d and _is_plain(child):
                setattr(parent, name, Pointwise(child))
    return network


def _is_plain(conv: nn.Conv2d) -> bool:
    return conv.kernel_size == (1, 1) and conv.stride == (1, 1) and conv.padding == (0, 0) and conv.groups == 1
