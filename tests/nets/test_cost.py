import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from sfumato.nets.attention import Attention, fused
from sfumato.nets.cost import multiplications
from sfumato.nets.dit import DiT
from sfumato.nets.unet import UNet

SMALL = {"in_channels": 4, "out_channels": 4, "token_dim": 12}


@pytest.mark.parametrize(
    "make",
    [
        lambda: UNet(**SMALL, block_out_channels=(16, 32), attend=("none", "text"), head_dim=8, norm_groups=8),
        lambda: DiT(**SMALL, width=32, depth=2, heads=4),
    ],
)
def test_count_is_that_of_torch_and_the_network_is_as_it_was(make):
    net, x, tokens = make(), torch.zeros(2, 4, 8, 12), torch.zeros(2, 6, 12)
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH), torch.no_grad():
        net(x, 1.0, tokens)
    assert 2 * multiplications(net, x, 1.0, tokens) == counter.get_total_flops()
    assert all(module.kernel is fused for module in net.modules() if isinstance(module, Attention))
    assert not any(module._forward_hooks for module in net.modules())


def test_one_convolution_and_a_network_on_the_meta_device():
    conv = torch.nn.Conv2d(3, 5, 3, padding=1)
    assert multiplications(conv, torch.zeros(1, 3, 4, 4)) == 16 * 5 * 27
    with torch.device("meta"):
        net = UNet()
    few, many = (
        multiplications(net, *(torch.zeros(s, device="meta") for s in ((b, 8, 16, 16), (b,), (b, 32, 384))))
        for b in (1, 4)
    )
    # the embedding of the noise level, once a sample too, is in both
    assert many == 4 * few
