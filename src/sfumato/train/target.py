"""A network beside a slow average of itself: the target that consistency distillation compares with (theta-minus).

target <- mu target + (1 - mu) student, before each update (Song et al. 2023, algorithms 2 and 3). The average lies in
buffers: it is saved with the weights, and no optimiser sees it. The improved training has no such average.
"""

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn


class WithTarget(nn.Module):
    """What such a run trains; only the student is exported."""

    def __init__(self, student: nn.Module) -> None:
        super().__init__()
        self.student = student
        self.target = fixed(copy.deepcopy(student))

    @torch.no_grad()
    def follow(self, decay: float) -> None:
        """Move the target by 1 - decay of its way to the student."""
        targets = dict(self.target.named_buffers())
        for name, value in self.student.named_parameters():
            targets[name].lerp_(value, 1.0 - decay)


def fixed(net: nn.Module) -> nn.Module:
    """The network with its parameters as buffers, in place."""
    for module in net.modules():
        for name, parameter in list(module.named_parameters(recurse=False)):
            delattr(module, name)
            module.register_buffer(name, parameter.detach().clone())
    return net


def student_of(net: nn.Module) -> nn.Module:
    """The network that learns."""
    return net.student if isinstance(net, WithTarget) else net


def target_of(net: nn.Module) -> nn.Module:
    """The network that is compared with: the student itself where there is no average."""
    return net.target if isinstance(net, WithTarget) else net


def student_weights(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights by the names that the student alone has."""
    return {name.removeprefix("student."): value for name, value in weights.items()}
