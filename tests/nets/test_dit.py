import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from sfumato.errors import RecipeError, ShapeError
from sfumato.nets.dit import DiT, patchify, unpatchify
from sfumato.nets.embed import masked_mean
from sfumato.nets.positions import RotaryPositions, SinusoidalPositions

SMALL = {"in_channels": 4, "out_channels": 4, "width": 32, "depth": 2, "heads": 4, "token_dim": 12}
PAPER = {"positions": "sinusoidal", "norm": "layer", "qk_norm": False, "feed_forward": "gelu"}
MODERN = {"positions": "rotary", "norm": "rms", "qk_norm": True, "feed_forward": "swiglu"}


def build(*, trained=True, **changes):
    """A network; `trained` gives every weight a random value, zero at the start or not."""
    torch.manual_seed(0)
    net = DiT(**(SMALL | changes)).eval()
    if trained:
        for weight in net.parameters():
            nn.init.normal_(weight, std=0.15)
    return net


def inputs(b=2, height=8, width=12):
    generator = torch.Generator().manual_seed(1)
    x, tokens = torch.randn(b, 4, height, width, generator=generator), torch.randn(b, 6, 12, generator=generator)
    return x, tokens, torch.arange(6)[None] < torch.arange(3, 3 + b)[:, None]


@pytest.mark.parametrize("options", [PAPER, MODERN])
@torch.no_grad()
def test_every_block_is_exactly_the_identity_at_the_start_and_the_output_zero(options):
    net = build(trained=False, **options)
    x, tokens, mask = inputs()
    for block in net.blocks:
        cells = torch.randn(2, 24, 32)
        assert torch.equal(block(cells, torch.randn(2, 32), tokens, mask, None), cells)
    assert net(x, 1.0, tokens, mask).abs().max() == 0


@settings(max_examples=30)
@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 4), st.integers(1, 4), st.integers(1, 4))
def test_unpatchify_is_the_inverse_of_patchify(b, c, height, width, patch):
    x = torch.arange(b * c * height * width * patch**2, dtype=torch.float32)
    x = x.reshape(b, c, height * patch, width * patch)
    cells = patchify(x, patch)
    assert cells.shape == (b, height * width, c * patch**2)
    assert torch.equal(unpatchify(cells, height, width, patch), x)
    assert set(cells[0, 0].tolist()) == set(x[0, :, :patch, :patch].flatten().tolist())


def score(rotary, q, k, place, other, size=16):
    """The product of q at one place and k at another."""
    turn = rotary(size, size, like=q)
    at_q, at_k = (turn(v.expand(1, 1, size * size, -1))[0, 0] for v in (q, k))
    return at_q[place[0] * size + place[1]].dot(at_k[other[0] * size + other[1]]).item()


@settings(max_examples=30)
@given(*(st.integers(0, 7) for _ in range(6)))
def test_rotated_products_depend_on_the_difference_of_positions_only(i, j, k, m, down, right):
    generator = torch.Generator().manual_seed(0)
    q, k_vector = torch.randn(2, 16, generator=generator)
    rotary = RotaryPositions(16)
    here = score(rotary, q, k_vector, (i, j), (k, m))
    moved = score(rotary, q, k_vector, (i + down, j + right), (k + down, m + right))
    assert moved == pytest.approx(here, abs=1e-4)


def test_rotation_keeps_lengths_starts_at_the_identity_and_tells_rows_from_columns():
    x = torch.randn(1, 1, 6, 16)
    turned = RotaryPositions(16)(2, 3, like=x)(x)
    torch.testing.assert_close(turned.norm(dim=-1), x.norm(dim=-1))
    torch.testing.assert_close(turned[..., 0, :], x[..., 0, :], rtol=0, atol=0)
    q = torch.ones(16)
    down, right = (score(RotaryPositions(16), q, q.flip(0) * torch.arange(16), (0, 0), p) for p in ((3, 0), (0, 3)))
    assert abs(down - right) > 0.1


def test_sinusoidal_positions_tell_the_row_then_the_column():
    vectors = SinusoidalPositions(16)(3, 4, like=torch.zeros(1))
    assert vectors.shape == (12, 16)
    assert len(vectors.unique(dim=0)) == 12
    torch.testing.assert_close(vectors[4:8, :8], vectors[4:5, :8].expand(4, 8))
    torch.testing.assert_close(vectors[1::4, 8:], vectors[1:2, 8:].expand(3, 8))
    expected = [math.sin(2 * 10_000 ** (-k / 4)) for k in range(4)] + [
        math.cos(2 * 10_000 ** (-k / 4)) for k in range(4)
    ]
    torch.testing.assert_close(vectors[8, :8], torch.tensor(expected))


@torch.no_grad()
def test_tiny_dit_of_the_paper_is_its_equations():
    net = build(depth=1, **PAPER)
    (block,) = net.blocks
    x, tokens, mask = inputs(height=4, width=4)

    def heads(h):
        return h.unflatten(-1, (4, 8)).transpose(1, 2)

    def attend(layer, h, source, keys):
        scores = heads(layer.to_q(h)) @ heads(layer.to_k(source)).transpose(2, 3) / math.sqrt(8)
        weights = scores.masked_fill(~keys[:, None, None, :], -math.inf).softmax(-1)
        return layer.to_out((weights @ heads(layer.to_v(source))).transpose(1, 2).flatten(2))

    def normal(h):
        return (h - h.mean(-1, keepdim=True)) / (h.var(-1, unbiased=False, keepdim=True) + 1e-6).sqrt()

    frequencies = 10_000 ** (-torch.arange(128) / 128)
    told = net.time(torch.cat([(250 * frequencies).cos(), (250 * frequencies).sin()])[None])
    means = torch.stack([tokens[k, : 3 + k].mean(0) for k in range(2)])
    told = F.silu(told + net.text(means))
    h = torch.stack(
        [x[:, :, i : i + 2, j : j + 2].permute(0, 2, 3, 1).flatten(1) for i in (0, 2) for j in (0, 2)], dim=1
    )
    h = net.embed_patch(h) + SinusoidalPositions(32)(2, 2, like=h)
    shift1, scale1, gate1, shift2, scale2, gate2 = block.modulation(told)[:, None].chunk(6, dim=-1)
    inner = normal(h) * (1 + scale1) + shift1
    h = h + gate1 * attend(block.self_attn, inner, inner, torch.ones(2, 4, dtype=torch.bool))
    h = h + attend(block.cross_attn, block.norm2(h), tokens, mask)
    h = h + gate2 * block.ff(normal(h) * (1 + scale2) + shift2)
    shift, scale = net.modulation_out(told)[:, None].chunk(2, dim=-1)
    out = net.out(normal(h) * (1 + scale) + shift).unflatten(-1, (2, 2, 4))
    for number, (i, j) in enumerate([(0, 0), (0, 2), (2, 0), (2, 2)]):
        got = net(x, 250.0, tokens, mask)[:, :, i : i + 2, j : j + 2]
        torch.testing.assert_close(got, out[:, number].permute(0, 3, 1, 2), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("options", [PAPER, MODERN])
@torch.no_grad()
def test_where_a_patch_lies_matters(options):
    net = build(**options)
    x, tokens, mask = inputs()
    out, moved = net(x, 1.0, tokens, mask), net(x.roll(4, dims=3), 1.0, tokens, mask)
    assert (moved.roll(-4, dims=3) - out).abs().max() > 1e-3
    net.added = net.turning = None
    out, moved = net(x, 1.0, tokens, mask), net(x.roll(4, dims=3), 1.0, tokens, mask)
    torch.testing.assert_close(moved.roll(-4, dims=3), out, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("options", [PAPER, MODERN])
@torch.no_grad()
def test_padding_tokens_have_no_say(options):
    net = build(**options)
    x, tokens, mask = inputs()
    other = torch.where(mask[:, :, None], tokens, 9.0)
    assert torch.equal(net(x, 1.0, tokens, mask), net(x, 1.0, other, mask))
    assert (net(x, 1.0, tokens) - net(x, 1.0, other)).abs().max() > 1e-3


def test_mean_of_real_tokens_stands_in_for_pooled_text():
    net = build()
    x, tokens, mask = inputs()
    pooled = masked_mean(tokens, mask)
    torch.testing.assert_close(pooled[0], tokens[0, :3].mean(0))
    torch.testing.assert_close(masked_mean(tokens, None), tokens.mean(1))
    assert masked_mean(tokens, torch.zeros_like(mask)).abs().max() == 0
    torch.testing.assert_close(net(x, 1.0, tokens, mask), net(x, 1.0, tokens, mask, pooled))
    assert (net(x, 1.0, tokens, mask) - net(x, 1.0, tokens, mask, -pooled)).abs().max() > 1e-3


@pytest.mark.parametrize("options", [PAPER, MODERN, {"token_dim": None}, {"pooled_dim": 5}])
def test_gradient_reaches_every_weight_also_under_autocast(options):
    net = build(**options)
    x, tokens, mask = inputs()
    pooled = torch.randn(2, 5) if "pooled_dim" in options else None
    plain = net(x, torch.tensor([3.0, 700.0]), tokens, mask, pooled)
    with torch.autocast("cpu", torch.bfloat16):
        out = net(x, torch.tensor([3.0, 700.0]), tokens, mask, pooled)
    assert plain.shape == x.shape
    assert (out - plain).norm() < 0.05 * plain.norm()
    out.float().square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in net.parameters() if p.ndim > 1)


def test_training_from_the_start_makes_text_matter():
    net = build(trained=False)
    x, tokens, mask = inputs()
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-2)
    for _ in range(3):
        optimiser.zero_grad()
        (net(x, 1.0, tokens, mask) - x).square().mean().backward()
        optimiser.step()
    assert (net(x, 1.0, tokens, mask) - net(x, 1.0, -tokens, mask)).abs().max() > 1e-3


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"positions": "learned"}, "positions is 'learned'; expected one of sinusoidal, rotary"),
        ({"norm": "batch"}, "norm is 'batch'"),
        ({"feed_forward": "relu"}, "feed_forward is 'relu'"),
        ({"heads": 3}, "do not split into 3 heads"),
        ({"width": 24, "positions": "rotary"}, "rotary positions need heads whose width 4 divides; got 6"),
        ({"width": 30, "heads": 3, "positions": "sinusoidal"}, "a width that 4 divides; got 30"),
    ],
)
def test_arguments_that_contradict_each_other_are_refused(changes, complaint):
    with pytest.raises(RecipeError, match=complaint):
        build(**changes)


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda x, tokens, mask: (x[:, :3], 1.0, tokens, mask), "x has 3 channels"),
        (lambda x, tokens, mask: (x[:, :, :5], 1.0, tokens, mask), "x is 5 x 12; patches of 2 x 2 do not fill it"),
        (lambda x, tokens, mask: (x, 1.0), "tokens are None"),
        (lambda x, tokens, mask: (x, 1.0, tokens, mask, torch.zeros(2, 5)), r"pooled text is \[2, 5\]; .* \[2, 12\]"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(make, complaint):
    with pytest.raises(ShapeError, match=complaint):
        build()(*make(*inputs()))


@torch.no_grad()
def test_a_text_norm_makes_the_size_of_the_token_states_immaterial():
    x, tokens, mask = inputs()
    normed, plain = (build(text_norm=kind) for kind in ("layer", "none"))
    moved = 7.0 * tokens + 3.0
    torch.testing.assert_close(normed(x, 1.0, moved, mask), normed(x, 1.0, tokens, mask), rtol=1e-3, atol=1e-3)
    assert (plain(x, 1.0, moved, mask) - plain(x, 1.0, tokens, mask)).abs().max() > 0.1
    with pytest.raises(RecipeError, match="text_norm is 'batch'"):
        build(text_norm="batch")
