"""The kernels that a network is trained with, where they are not its own."""

from torch import Tensor, nn
from torch.nn import functional as F

from sfumato.nets.attention import Attention, formed
from sfumato.nets.group_norm import GroupNorm, in_parts


def cpu_kernels(net: nn.Module) -> None:
    """Attention and group normalisation in the form that is quickest there; in place."""
    for layer in net.modules():
        if isinstance(layer, Attention):
            layer.kernel = formed
        elif isinstance(layer, GroupNorm):
            layer.kernel = in_parts


def row_by_row(x: Tensor, groups: int, weight: Tensor | None, bias: Tensor | None, eps: float) -> Tensor:
    """F.group_norm of a map laid out row by row: its derivative forwards knows no other layout."""
    return F.group_norm(x.contiguous(), groups, weight, bias, eps)


def forward_kernels(net: nn.Module) -> None:
    """Those of which torch knows the derivative forwards, on any device, for Jacobian-vector products; in place."""
    for layer in net.modules():
        if isinstance(layer, Attention):
            layer.kernel = formed
        elif isinstance(layer, GroupNorm):
            layer.kernel = row_by_row
