"""The network that looks at pictures: shapes, and padding as its weights were trained with."""

import pytest
import torch
from torch.nn import functional as F

from sfumato.nets.efficientnet import EfficientNetLite0, SameConv


def test_features_of_any_square():
    net = EfficientNetLite0().eval()
    with torch.no_grad():
        assert net(torch.zeros(2, 3, 64, 64)).shape == (2, 1280)
        assert net(torch.zeros(1, 3, 33, 33)).shape == (1, 1280)


@pytest.mark.parametrize(("side", "kernel", "stride"), [(8, 3, 2), (7, 3, 2), (8, 5, 2), (9, 5, 1), (8, 1, 1)])
def test_padding_is_as_even_as_it_can_be_with_more_at_the_end(side, kernel, stride):
    conv = SameConv(1, 1, kernel, stride, bias=False)
    torch.nn.init.ones_(conv.weight)
    x = torch.arange(1.0, side * side + 1).view(1, 1, side, side)
    with torch.no_grad():
        found = conv(x)
    out = -(-side // stride)
    assert found.shape[-2:] == (out, out)
    total = max((out - 1) * stride + kernel - side, 0)
    wide = F.pad(x, (total // 2, total - total // 2) * 2)
    expected = F.avg_pool2d(wide, kernel, stride) * kernel**2
    torch.testing.assert_close(found, expected)
