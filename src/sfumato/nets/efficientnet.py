"""EfficientNet-Lite0 up to its pooled features: the network that looks at finished pictures, never one that draws.

Architecture: Tan and Le 2019 (EfficientNet-B0) without squeeze-and-excitation and with ReLU6 (Liu 2020,
EfficientNet-Lite). Batch norms are already folded into the convolutions (scripts/effnet_lite0.py).
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
"""(blocks, kernel, stride of the first block, expansion, channels) of the seven stages."""

STEM, FEATURES = 32, 1280


class SameConv(nn.Conv2d):
    """A convolution padded as TensorFlow's SAME: the output is ceil(side / stride), odd padding goes to the end."""

    def forward(self, input: Float[Tensor, "b c h w"]) -> Float[Tensor, "b o i j"]:
        """Pad, then convolve."""
        size, stride = self.kernel_size[0], self.stride[0]
        sides = [max((-(-side // stride) - 1) * stride + size - side, 0) for side in (input.shape[3], input.shape[2])]
        padding = [part for total in sides for part in (total // 2, total - total // 2)]
        return F.conv2d(F.pad(input, padding), self.weight, self.bias, stride, groups=self.groups)


class Block(nn.Module):
    """project(relu6(depthwise(relu6(expand x)))), plus x where the shapes agree."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = channels * expansion
        self.expand = SameConv(channels, wide, 1) if expansion > 1 else None
        self.depthwise = SameConv(wide, wide, kernel, stride, groups=wide)
        self.project = SameConv(wide, out, 1)
        self.skip = stride == 1 and channels == out

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b o i j"]:
        """One inverted bottleneck (Sandler et al. 2018)."""
        h = x if self.expand is None else F.relu6(self.expand(x))
        h = self.project(F.relu6(self.depthwise(h)))
        return x + h if self.skip else h


class EfficientNetLite0(nn.Module):
    """3.4 million weights, 1280 features a picture."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = SameConv(3, STEM, 3, 2)
        blocks, channels = [], STEM
        for count, kernel, stride, expansion, out in STAGES:
            for k in range(count):
                blocks.append(Block(channels, out, kernel, 1 if k else stride, expansion))
                channels = out
        self.blocks = nn.Sequential(*blocks)
        self.head = SameConv(channels, FEATURES, 1)

    def forward(self, x: Float[Tensor, "b 3 H W"]) -> Float[Tensor, "b d"]:
        """The mean over all places of the last 1280 maps, for pictures given as (rgb - 127) / 128."""
        h = self.blocks(F.relu6(self.stem(x)))
        return torch.mean(F.relu6(self.head(h)), dim=(2, 3))
