import subprocess
import sys

import pytest
import torch

from sfumato.errors import RecipeError, ShapeError
from sfumato.nets.embed import masked_mean
from sfumato.nets.unet import UNet

SMALL = {
    "in_channels": 4, "out_channels": 4, "block_out_channels": (16, 32), "attend": ("none", "text"), "head_dim": 8,
    "token_dim": 12, "norm_groups": 8,
}  # fmt: skip


def build(**changes):
    torch.manual_seed(0)
    return UNet(**(SMALL | changes))


def inputs(b=2, channels=4, height=8, width=8, length=6):
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(b, channels, height, width, generator=generator)
    tokens = torch.randn(b, length, 12, generator=generator)
    return x, tokens, torch.arange(length)[None] < torch.arange(3, 3 + b)[:, None]


def test_default_network_answers_in_the_shape_of_its_input_under_the_meta_device():
    with torch.device("meta"):
        net = UNet()
        out = net(torch.zeros(3, 8, 16, 16), torch.zeros(3, 1, 1, 1), torch.zeros(3, 32, 384))
    assert out.shape == (3, 8, 16, 16)


@pytest.mark.parametrize(
    "changes",
    [
        {"out_channels": 6},
        {"block_out_channels": (24,), "attend": ("text",)},
        {"block_out_channels": (16, 24, 32), "attend": ("text", "none", "self"), "layers_per_block": (1, 3, 2)},
        {"block_out_channels": (16, 24, 32), "attend": ("self", "none", "text"), "transformer_layers": (1, 1, 2)},
        {"head_dim": None, "heads": (1, 4)},
        {"mid_attend": "none"},
        {"modulation": "scale_shift", "projection": "conv", "downsample_padding": 0, "emb_dim": 20},
    ],
)
def test_odd_configurations_keep_the_size_on_wide_inputs(changes):
    net = build(**changes, zero_init=False)
    x, tokens, mask = inputs(height=12, width=20)
    out = net(x, 300.0, tokens, mask)
    assert out.shape == (2, net.conv_out.out_channels, 12, 20)
    out.square().mean().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())


def test_zero_init_begins_as_the_constant_zero_and_identity_branches():
    net = build()
    x, tokens, mask = inputs()
    assert net(x, 1.0, tokens, mask).abs().max() == 0
    h, emb = torch.randn(2, 16, 8, 8), torch.randn(1, 64)
    torch.testing.assert_close(net.down[0].blocks[0](h, emb), h, rtol=0, atol=0)
    h = torch.randn(2, 32, 4, 4)
    torch.testing.assert_close(net.mid.attend[0](h, tokens, mask), h, rtol=0, atol=0)


def test_text_changes_the_output_after_a_few_steps_of_training():
    net = build()
    x, tokens, mask = inputs()
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-2)
    for _ in range(3):
        optimiser.zero_grad()
        (net(x, 1.0, tokens, mask) - x).square().mean().backward()
        optimiser.step()
    assert (net(x, 1.0, tokens, mask) - net(x, 1.0, -tokens, mask)).abs().max() > 1e-3


@torch.no_grad()
def test_the_same_input_gives_the_same_output_and_inputs_are_left_alone():
    net = build(zero_init=False)
    x, tokens, mask = inputs()
    copies = x.clone(), tokens.clone(), mask.clone()
    first = net(x, 17.0, tokens, mask)
    assert torch.equal(first, net(x, 17.0, tokens, mask))
    assert all(torch.equal(a, b) for a, b in zip((x, tokens, mask), copies, strict=True))
    assert (first - net(x, 18.0, tokens, mask)).abs().max() > 1e-4


@torch.no_grad()
def test_one_number_equals_one_number_a_sample():
    net = build(zero_init=False)
    x, tokens, mask = inputs()
    torch.testing.assert_close(net(x, 17.0, tokens, mask), net(x, torch.full((2, 1, 1, 1), 17.0), tokens, mask))
    both = net(x, torch.tensor([17.0, 400.0]), tokens, mask)
    torch.testing.assert_close(both[1:], net(x[1:], 400.0, tokens[1:], mask[1:]))


@torch.no_grad()
def test_padding_tokens_have_no_say_and_no_mask_means_all_are_real():
    net = build(zero_init=False)
    x, tokens, mask = inputs()
    other = torch.where(mask[:, :, None], tokens, 9.0)
    assert torch.equal(net(x, 1.0, tokens, mask), net(x, 1.0, other, mask))
    assert (net(x, 1.0, tokens) - net(x, 1.0, other)).abs().max() > 1e-4
    torch.testing.assert_close(net(x, 1.0, tokens), net(x, 1.0, tokens, torch.ones_like(mask)))
    cut = net(x[:1], 1.0, tokens[:1, :3])
    torch.testing.assert_close(net(x[:1], 1.0, tokens[:1], mask[:1]), cut)


@torch.no_grad()
def test_pooled_text_is_used_where_asked_for_and_ignored_elsewhere():
    x, tokens, mask = inputs()
    pooled = torch.randn(2, 5)
    net = build(pooled_dim=5, zero_init=False)
    assert (net(x, 1.0, tokens, mask, pooled) - net(x, 1.0, tokens, mask, -pooled)).abs().max() > 1e-4
    plain = build(zero_init=False)
    assert torch.equal(plain(x, 1.0, tokens, mask, pooled), plain(x, 1.0, tokens, mask))


@torch.no_grad()
def test_a_network_without_text_takes_none_and_ignores_some():
    net = build(attend=("none", "self"), token_dim=None, zero_init=False)
    x, tokens, mask = inputs()
    assert torch.equal(net(x, 1.0), net(x, 1.0, tokens, mask))


def test_it_trains_under_autocast_in_channels_last():
    net = build(zero_init=False).to(memory_format=torch.channels_last)
    x, tokens, mask = inputs()
    with torch.autocast("cpu", torch.bfloat16):
        out = net(x.to(memory_format=torch.channels_last), 1.0, tokens, mask)
    assert out.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(out.float(), net(x, 1.0, tokens, mask), rtol=0.1, atol=0.05)
    out.float().square().mean().backward()
    assert all(p.grad.isfinite().all() for p in net.parameters())


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"attend": ("text",)}, r"one of .* for each of the 2 levels and for the middle"),
        ({"attend": ("none", "cross")}, r"'cross'"),
        ({"layers_per_block": (1, 2, 3)}, r"layers_per_block is \(1, 2, 3\); expected one positive number"),
        ({"layers_per_block": 0}, "layers_per_block is 0"),
        ({"heads": 2}, "heads is 2 and head_dim 8; give one of them"),
        ({"head_dim": 12}, "16 channels do not split into heads of 12"),
        ({"head_dim": None, "heads": 3}, "do not split into 3 heads"),
        ({"norm_groups": 5}, "16 channels do not split into 5 norm groups"),
        ({"token_dim": None}, "token_dim is None; give the width"),
    ],
)
def test_arguments_that_contradict_each_other_are_refused(changes, complaint):
    with pytest.raises(RecipeError, match=complaint):
        build(**changes)


def test_the_mean_of_the_real_tokens_stands_in_for_pooled_text():
    x, tokens, mask = inputs()
    net = build(pooled_dim=tokens.shape[-1], zero_init=False)
    mean = masked_mean(tokens, mask)
    assert torch.equal(net(x, 1.0, tokens, mask), net(x, 1.0, tokens, mask, mean))
    assert (net(x, 1.0, tokens, mask) - net(x, 1.0, tokens, mask, -mean)).abs().max() > 1e-4


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda x, tokens, mask: (x[:, :3], 1.0, tokens, mask), "x has 3 channels; this network takes 4"),
        (lambda x, tokens, mask: (x[..., :7], 1.0, tokens, mask), "x is 8 x 7; .* multiples of 2"),
        (lambda x, tokens, mask: (x, 1.0), "tokens are None"),
        (lambda x, tokens, mask: (x, 1.0, tokens[..., :8], mask), r"tokens are \[2, 6, 8\]; .* \[2, any, 12\]"),
        (lambda x, tokens, mask: (x, 1.0, tokens, mask[:, :2]), r"token mask is torch.bool \[2, 2\]"),
        (lambda x, tokens, mask: (x, torch.zeros(3), tokens, mask), "c_noise has 3 values for 2 samples"),
        (lambda x, tokens, mask: (x, 1.0, tokens, mask), r"pooled text is None; this network needs \[2, 5\]"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(make, complaint):
    with pytest.raises(ShapeError, match=complaint):
        build(pooled_dim=5)(*make(*inputs()))


def test_importing_the_networks_draws_no_random_number():
    code = (
        "import torch; before = torch.random.get_rng_state()\n"
        "import sfumato.nets.unet, sfumato.nets.dit\n"
        "assert torch.equal(before, torch.random.get_rng_state())"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@torch.no_grad()
def test_a_text_norm_makes_the_size_of_the_token_states_immaterial():
    x, tokens, mask = inputs()
    normed, plain = (build(zero_init=False, pooled_dim=12, text_norm=kind).eval() for kind in ("layer", "none"))
    moved = 7.0 * tokens + 3.0
    torch.testing.assert_close(normed(x, 1.0, moved, mask), normed(x, 1.0, tokens, mask), rtol=1e-3, atol=1e-3)
    assert (plain(x, 1.0, moved, mask) - plain(x, 1.0, tokens, mask)).abs().max() > 0.1
    assert (normed(x, 1.0, tokens.flip(2), mask) - normed(x, 1.0, tokens, mask)).abs().max() > 0.01
    with pytest.raises(RecipeError, match="text_norm is 'batch'"):
        build(text_norm="batch")
