"""MeanFlow: learn the average velocity between two times (Geng et al. 2025, "Mean flows for one-step generation").

u(x_t, r, t) = 1 / (t - r) integral_r^t v(x_s, s) ds, so that x_r = x_t - (t - r) u: with r = 0 one evaluation is a
consistency function. Its derivative along the flow gives the identity that is trained (equation 6):

u = v - (t - r) (v . grad_x u + d u / d t),

the right side taken as fixed. The bracket is a Jacobian-vector product with (v, 1), of torch.func, which costs about
one more evaluation. For the rectified schedule, where d x_t / d t = eps - x_0 is the velocity.
"""

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor
from torch.func import jvp

from sfumato.types import State


@runtime_checkable
class AverageFlow(Protocol):
    """u(x_t, t, r)."""

    def __call__(self, x_t: Tensor, t: Tensor, r: Tensor, /) -> Tensor:
        """The average velocity from t to r, differentiable forwards in x_t and t."""
        ...


def along(average: AverageFlow, x_t: Tensor, flow: Tensor, t: Tensor, r: Tensor) -> tuple[Tensor, Tensor]:
    """u and its total derivative d u / d t = v . grad_x u + d u / d t at fixed r.

    Accuracy: central differences of step h agree to O(h^2) (tests/train/test_mean_flow.py).
    """
    return jvp(average, (x_t, t, r), (flow, torch.ones_like(t), torch.zeros_like(r)))  # type: ignore[return-value]


def mean_flow_difference(average: AverageFlow, x_t: State, flow: State, t: Tensor, r: Tensor) -> State:
    """u - (v - (t - r) du/dt), of which the second term passes no gradient; 0 for the true average velocity.

    t, r: [b, 1, ...], r <= t; where both are one it is plain flow matching.
    """
    u, slope = along(average, x_t, flow, t, r)
    return u - (flow - (t - r) * slope).detach()
