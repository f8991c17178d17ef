"""The published U-Nets are instances of ours: names, shapes and values, against the diffusers package."""

import pytest
import torch
from torch import nn

from sfumato.adapters.keymaps import diffusers_names, from_diffusers, to_diffusers
from sfumato.errors import AdapterError
from sfumato.nets.unet import UNet

DOWN, UP = ("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",), ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3
SD15 = {
    "in_channels": 4, "out_channels": 4, "block_out_channels": (320, 640, 1280, 1280), "layers_per_block": 2,
    "down_block_types": DOWN, "up_block_types": UP, "attention_head_dim": 8, "cross_attention_dim": 768,
}  # fmt: skip
OUR_SD15 = {
    "in_channels": 4, "out_channels": 4, "block_out_channels": (320, 640, 1280, 1280), "layers_per_block": 2,
    "attend": ("text", "text", "text", "none"), "heads": 8, "token_dim": 768, "projection": "conv",
}  # fmt: skip
SD21 = SD15 | {"attention_head_dim": (5, 10, 20, 20), "cross_attention_dim": 1024, "use_linear_projection": True}
OUR_SD21 = OUR_SD15 | {"heads": None, "head_dim": 64, "token_dim": 1024, "projection": "linear"}
SDXL = {
    "in_channels": 4, "out_channels": 4, "block_out_channels": (320, 640, 1280), "layers_per_block": 2,
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "attention_head_dim": (5, 10, 20), "cross_attention_dim": 2048, "transformer_layers_per_block": (1, 2, 10),
    "use_linear_projection": True, "addition_embed_type": "text_time", "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
}  # fmt: skip
OUR_SDXL = {
    "in_channels": 4, "out_channels": 4, "block_out_channels": (320, 640, 1280), "layers_per_block": 2,
    "attend": ("none", "text", "text"), "transformer_layers": (1, 2, 10), "head_dim": 64, "token_dim": 2048,
    "pooled_dim": 2816,
}  # fmt: skip
DDPM = {
    "in_channels": 3, "out_channels": 3, "block_out_channels": (128, 256, 256, 256), "layers_per_block": 2,
    "down_block_types": ("DownBlock2D", "AttnDownBlock2D", "DownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "UpBlock2D", "AttnUpBlock2D", "UpBlock2D"), "attention_head_dim": 256,
    "norm_eps": 1e-6, "downsample_padding": 0, "flip_sin_to_cos": False, "freq_shift": 1,
}  # fmt: skip
OUR_DDPM = {
    "in_channels": 3, "out_channels": 3, "block_out_channels": (128, 256, 256, 256), "layers_per_block": 2,
    "attend": ("none", "self", "none", "none"), "heads": 1, "token_dim": None, "norm_eps": 1e-6,
    "downsample_padding": 0, "flip_sin_to_cos": False, "downscale_freq_shift": 1.0,
}  # fmt: skip

TINY = {"block_out_channels": (32, 64, 64, 96), "layers_per_block": 2, "norm_num_groups": 8}
OUR_TINY = {"block_out_channels": (32, 64, 64, 96), "layers_per_block": 2, "norm_groups": 8}
TINY_XL = {
    "block_out_channels": (32, 64, 96), "attention_head_dim": (2, 4, 6), "cross_attention_dim": 24,
    "norm_num_groups": 8, "transformer_layers_per_block": (1, 2, 3), "addition_time_embed_dim": 8,
    "projection_class_embeddings_input_dim": 60,
}  # fmt: skip
OUR_TINY_XL = {
    "block_out_channels": (32, 64, 96), "head_dim": 16, "token_dim": 24, "norm_groups": 8,
    "transformer_layers": (1, 2, 3), "pooled_dim": 60,
}  # fmt: skip

TEXT = "UNet2DConditionModel"
PUBLISHED = {
    "sd15": (TEXT, SD15, OUR_SD15),
    "sd21": (TEXT, SD21, OUR_SD21),
    "sdxl": (TEXT, SDXL, OUR_SDXL),
    "ddpm": ("UNet2DModel", DDPM, OUR_DDPM),
}
SMALL = {
    "sd15": (
        TEXT,
        SD15 | TINY | {"attention_head_dim": 4, "cross_attention_dim": 24},
        OUR_SD15 | OUR_TINY | {"heads": 4, "token_dim": 24},
    ),
    "sd21": (
        TEXT,
        SD21 | TINY | {"attention_head_dim": (2, 4, 4, 6), "cross_attention_dim": 24},
        OUR_SD21 | OUR_TINY | {"head_dim": 16, "token_dim": 24},
    ),
    "sdxl": (TEXT, SDXL | TINY_XL, OUR_SDXL | OUR_TINY_XL),
    "ddpm": (
        "UNet2DModel",
        DDPM | TINY | {"attention_head_dim": 16},
        OUR_DDPM | OUR_TINY | {"heads": None, "head_dim": 16},
    ),
    "adm": (
        "UNet2DModel",
        DDPM | TINY | {"attention_head_dim": 8, "resnet_time_scale_shift": "scale_shift", "attn_norm_num_groups": 8},
        OUR_DDPM | OUR_TINY | {"heads": None, "head_dim": 8, "modulation": "scale_shift"},
    ),
}


def build(kind, config, ours, device):
    diffusers = pytest.importorskip("diffusers")
    with torch.device(device):
        theirs = getattr(diffusers, kind)(**config)
        return theirs.eval(), UNet(**ours, zero_init=False).eval()


@pytest.mark.parity
@pytest.mark.parametrize("name", PUBLISHED)
def test_names_and_shapes_of_published_networks_map_one_to_one_both_ways(name):
    theirs, ours = build(*PUBLISHED[name], "meta")
    state = theirs.state_dict()
    names = diffusers_names(ours)
    assert len(set(names.values())) == len(names) == len(state)
    converted = from_diffusers(ours, state)
    assert {k: v.shape for k, v in converted.items()} == {k: v.shape for k, v in ours.state_dict().items()}
    back = to_diffusers(ours, converted)
    assert back.keys() == state.keys()
    assert all(back[k] is state[k] for k in state)


@pytest.mark.parity
@pytest.mark.parametrize("name", PUBLISHED)
def test_norms_have_the_same_groups_and_eps(name):
    theirs, ours = build(*PUBLISHED[name], "meta")
    names = diffusers_names(ours)
    norms = {key: m for key, m in ours.named_modules() if isinstance(m, nn.GroupNorm | nn.LayerNorm)}
    assert len(norms) > 20
    for key, mine in norms.items():
        foreign = theirs.get_submodule(names[f"{key}.weight"].removesuffix(".weight"))
        assert (mine.eps, getattr(mine, "num_groups", 0)) == (foreign.eps, getattr(foreign, "num_groups", 0)), key


def outputs(theirs, ours, *, ints):
    """Both networks on the same random inputs, in float32."""
    x = torch.randn(2, ours.in_channels, 16, 24)
    i = torch.tensor(ints)
    if ours.token_dim is None:
        return theirs(x, i).sample, ours(x, i)
    tokens = torch.randn(2, 7, ours.token_dim)
    if ours.pooled_dim is None:
        return theirs(x, i, tokens).sample, ours(x, i, tokens)
    text, ids = torch.randn(2, 12), torch.rand(2, 6) * 100
    reply = theirs(x, i, tokens, added_cond_kwargs={"text_embeds": text, "time_ids": ids}).sample
    pooled = torch.cat([text, theirs.add_time_proj(ids.flatten()).reshape(2, -1)], dim=1)
    return reply, ours(x, i, tokens, None, pooled)


@pytest.mark.parity
@pytest.mark.parametrize("name", SMALL)
@torch.no_grad()
def test_tiny_network_with_converted_weights_gives_the_same_output(name):
    torch.manual_seed(0)
    theirs, ours = build(*SMALL[name], "cpu")
    ours.load_state_dict(from_diffusers(ours, theirs.state_dict()))
    expected, got = outputs(theirs, ours, ints=[7, 981])
    torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-5)
    assert expected.std() > 0.05


def small():
    with torch.device("meta"):
        return UNet(block_out_channels=(32, 32), attend=("none", "text"), head_dim=16, token_dim=8)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda s: s.pop("conv_in.weight"), r"1 missing \['conv_in.weight'\], 0 left over"),
        (lambda s: s.update({"conv_in.gain": torch.zeros(1)}), r"0 missing .*1 left over \['conv_in.gain'\]"),
        (
            lambda s: s.update({"conv_in.bias": torch.zeros(31)}),
            r"conv_in.bias has shape \[31\]; the network needs \[32\]",
        ),
    ],
)
def test_weights_that_do_not_fit_are_refused(change, complaint):
    net = small()
    state = to_diffusers(net, net.state_dict())
    change(state)
    with pytest.raises(AdapterError, match=complaint):
        from_diffusers(net, state)


def test_our_own_weights_must_be_those_of_the_network():
    net = small()
    with pytest.raises(AdapterError, match="missing"):
        to_diffusers(net, {})
