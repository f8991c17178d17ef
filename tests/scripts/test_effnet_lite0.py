"""The converter of the ruler's weights: it takes the known bytes and no others."""

import pytest
import torch

from by_path import loaded
from sfumato.nets.efficientnet import EfficientNetLite0


@pytest.fixture(scope="module")
def script():
    return loaded("scripts/effnet_lite0.py")


def test_other_bytes_are_refused(script, tmp_path):
    path = tmp_path / "weights.pth"
    path.write_bytes(b"not the weights")
    with pytest.raises(SystemExit, match="SHA-256"):
        script.published(path)


def theirs(net):
    """Weights under the package's names, with batch norms that do something, drawn from a generator of their own."""
    draw = torch.Generator().manual_seed(0)
    pairs = {"stem": ("_conv_stem", "_bn0"), "head": ("_conv_head", "_bn1")}
    for k, block in enumerate(net.blocks):
        pairs[f"blocks.{k}.depthwise"] = (f"_blocks.{k}._depthwise_conv", f"_blocks.{k}._bn1")
        pairs[f"blocks.{k}.project"] = (f"_blocks.{k}._project_conv", f"_blocks.{k}._bn2")
        if block.expand is not None:
            pairs[f"blocks.{k}.expand"] = (f"_blocks.{k}._expand_conv", f"_blocks.{k}._bn0")
    out = {}
    for ours, (conv, norm) in pairs.items():
        weight = net.state_dict()[f"{ours}.weight"]
        out[f"{conv}.weight"] = torch.randn(weight.shape, generator=draw) * weight[0].numel() ** -0.5
        for name in ("weight", "bias", "running_mean", "running_var"):
            out[f"{norm}.{name}"] = torch.rand(len(weight), generator=draw) + 0.5
    return out


def test_folding_changes_nothing(script):
    """The published network with batch norms, written out, against ours with folded ones."""
    net = EfficientNetLite0()
    weights = theirs(net)
    net.load_state_dict(script.folded(weights))
    x = torch.rand(2, 3, 48, 48, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        found, expected = net(x), script.reference(weights, x)
    assert expected.std() > 0.01
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)
