"""The Jacobian-vector product behind MeanFlow, through whole networks, against finite differences."""

import pytest
import torch

from sfumato.nets.dit import DiT
from sfumato.nets.unet import UNet
from sfumato.train.kernels import cpu_kernels, forward_kernels
from sfumato.train.mean_flow import along, mean_flow_difference
from tiny import UNET, randomised

pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")
"""torch's own, at the first Jacobian-vector product of a process."""

DIT = {"in_channels": 4, "out_channels": 4, "width": 32, "depth": 2, "heads": 2, "token_dim": 16}
NETWORKS = {"unet": lambda: UNet(**UNET, dials=2), "dit": lambda: DiT(**DIT, dials=2)}


def average_of(kind):
    """u(x, t, r) of a random network in float64, told t by its clock and r by its second dial; and its network."""
    net = randomised(NETWORKS[kind](), 1).double().to(memory_format=torch.channels_last)
    cpu_kernels(net)
    forward_kernels(net)
    tokens, mask = noise(2, 5, 16, seed=3), torch.ones(2, 5, dtype=torch.bool)

    def average(x, t, r):
        told = torch.cat([torch.zeros_like(r).flatten(1), r.flatten(1)], dim=1)
        return net(x, 10.0 * t.flatten(), tokens, mask, None, told)

    return average, net


def noise(*shape, seed):
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def states():
    t = torch.tensor([0.7, 0.4], dtype=torch.float64).view(-1, 1, 1, 1)
    return (
        noise(2, 4, 8, 8, seed=1).contiguous(memory_format=torch.channels_last),
        noise(2, 4, 8, 8, seed=2),
        t,
        0.5 * t,
    )


@pytest.mark.parametrize("kind", NETWORKS)
def test_the_product_is_that_of_central_differences(kind):
    """Their distance falls as h^2."""
    average, _ = average_of(kind)
    x, flow, t, r = states()
    with torch.no_grad():
        u, slope = along(average, x, flow, t, r)
        torch.testing.assert_close(u, average(x, t, r))
        gaps = {}
        for h in (1e-2, 1e-3):
            ahead, behind = average(x + h * flow, t + h, r), average(x - h * flow, t - h, r)
            gaps[h] = float(((ahead - behind) / (2 * h) - slope).abs().max())
    assert gaps[1e-3] < 1e-3 * float(slope.abs().max())
    assert 50 < gaps[1e-2] / gaps[1e-3] < 200


def test_the_aim_passes_no_gradient():
    """The gradient is that of |u - c|^2 with c fixed."""
    average, net = average_of("unet")
    x, flow, t, r = states()
    difference = mean_flow_difference(average, x, flow, t, r)
    difference.square().mean().backward()
    found = [p.grad.clone() for p in net.parameters()]
    net.zero_grad()
    goal = (average(x, t, r) - difference).detach()
    (average(x, t, r) - goal).square().mean().backward()
    for ours, theirs in zip(found, net.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs.grad)


def test_where_both_times_are_one_it_is_flow_matching():
    average, _ = average_of("unet")
    x, flow, t, _ = states()
    with torch.no_grad():
        torch.testing.assert_close(mean_flow_difference(average, x, flow, t, t), average(x, t, t) - flow)
