import math

import pytest
import torch

from sfumato.errors import RecipeError, ShapeError
from sfumato.nets.attention import Attention, checked_text, explicit, fused

LENGTHS = torch.tensor([1, 4, 6])
MASK = torch.arange(6)[None] < LENGTHS[:, None]


def qkv(dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(3, 2, n, 8, generator=generator).to(dtype) for n in (5, 6, 6)]


def by_hand(q, k, v, mask):
    """One sample, head and query at a time, over the real keys only."""
    out = torch.zeros(*q.shape[:3], v.shape[3], dtype=q.dtype)
    for b, n, i in torch.cartesian_prod(*(torch.arange(s) for s in q.shape[:3])).tolist():
        real = [j for j in range(k.shape[2]) if mask is None or mask[b, j]]
        scores = [math.exp(q[b, n, i].dot(k[b, n, j]).item() / math.sqrt(q.shape[3])) for j in real]
        for score, j in zip(scores, real, strict=True):
            out[b, n, i] += score / sum(scores) * v[b, n, j]
    return out


@pytest.mark.parametrize("mask", [None, MASK])
def test_both_kernels_compute_the_equation(mask):
    q, k, v = qkv(torch.float64)
    expected = by_hand(q, k, v, mask)
    torch.testing.assert_close(fused(q, k, v, mask), expected)
    value, weights = explicit(q, k, v, mask)
    torch.testing.assert_close(value, expected)
    torch.testing.assert_close(weights.sum(-1), torch.ones(3, 2, 5, dtype=torch.float64))
    if mask is not None:
        assert weights[0, ..., 1:].abs().max() == 0


@pytest.mark.parametrize("kernel", [fused, lambda *args: explicit(*args)[0]])
def test_a_sample_without_any_real_key_attends_to_nothing_and_harms_no_gradient(kernel):
    q, k, v = qkv()
    q.requires_grad_()
    mask = MASK.clone()
    mask[1] = False
    out = kernel(q, k, v, mask)
    assert out[1].abs().max() == 0
    out.square().sum().backward()
    assert q.grad.isfinite().all()
    assert q.grad[1].abs().max() == 0
    assert q.grad[2].abs().max() > 0


def test_layer_projects_splits_into_heads_and_joins_them():
    torch.manual_seed(0)
    layer = Attention(16, heads=2, head_dim=4, context_dim=12)
    x, context = torch.randn(3, 5, 16), torch.randn(3, 6, 12)
    heads = []
    for n in range(2):
        rows = slice(4 * n, 4 * n + 4)
        q, k, v = (
            part @ w.weight[rows].T for part, w in ((x, layer.to_q), (context, layer.to_k), (context, layer.to_v))
        )
        scores = (q @ k.transpose(1, 2) / 2).masked_fill(~MASK[:, None], -math.inf)
        heads.append(scores.softmax(-1) @ v)
    torch.testing.assert_close(layer(x, context, MASK), layer.to_out(torch.cat(heads, dim=-1)))


def test_without_a_context_it_attends_to_itself():
    torch.manual_seed(0)
    layer, x = Attention(16, heads=4), torch.randn(2, 5, 16)
    torch.testing.assert_close(layer(x), layer(x, x))


def test_a_turn_is_applied_to_queries_and_keys_and_not_to_values():
    torch.manual_seed(0)
    layer, x, seen = Attention(16, heads=2), torch.randn(1, 5, 16), []

    def kernel(*parts):
        seen.append(parts[:3])
        return fused(*parts)

    layer.kernel = kernel
    layer(x), layer(x, turn=lambda part: 2 * part)
    for plain, turned, factor in zip(*seen, (2, 2, 1), strict=True):
        torch.testing.assert_close(turned, factor * plain)


def test_qk_norm_bounds_the_scores_whatever_the_size_of_the_input():
    torch.manual_seed(0)
    layer, x, seen = Attention(16, heads=2, qk_norm=True), torch.randn(1, 5, 16), []

    def kernel(q, k, v, mask):
        seen.append((q @ k.transpose(-1, -2)).abs().max().item() / math.sqrt(8))
        return fused(q, k, v, mask)

    layer.kernel = kernel
    layer(x), layer(1000 * x)
    assert seen[1] == pytest.approx(seen[0], rel=1e-4)
    assert max(seen) <= math.sqrt(8) + 1e-5


def test_content_of_masked_keys_does_not_matter():
    torch.manual_seed(0)
    layer, x, context = Attention(16, heads=2), torch.randn(3, 5, 16), torch.randn(3, 6, 16)
    other = torch.where(MASK[:, :, None], context, torch.randn(3, 6, 16))
    torch.testing.assert_close(layer(x, context, MASK), layer(x, other, MASK), rtol=0, atol=0)
    assert (layer(x, context) - layer(x, other)).abs().max() > 1e-3


def test_heads_that_do_not_divide_and_foreign_contexts_are_refused():
    with pytest.raises(RecipeError, match="10 features do not split into 4 heads"):
        Attention(10, heads=4)
    with pytest.raises(ShapeError, match="a context of 16 features; it was built for 12"):
        Attention(16, heads=2, context_dim=12)(torch.zeros(1, 2, 16))


@pytest.mark.parametrize(
    ("tokens", "mask", "complaint"),
    [
        (None, None, r"tokens are None; .* needs \[2, any, 12\]"),
        (torch.zeros(1, 6, 12), None, r"tokens are \[1, 6, 12\]"),
        (torch.zeros(2, 6, 11), None, r"tokens are \[2, 6, 11\]"),
        (torch.zeros(2, 6, 12), torch.ones(2, 6), r"mask is torch.float32 \[2, 6\]; expected torch.bool \[2, 6\]"),
        (torch.zeros(2, 6, 12), torch.ones(2, 5, dtype=torch.bool), r"mask is torch.bool \[2, 5\]"),
    ],
)
def test_text_that_does_not_fit_is_refused(tokens, mask, complaint):
    with pytest.raises(ShapeError, match=complaint):
        checked_text(tokens, mask, batch=2, token_dim=12)


def test_a_network_without_text_ignores_it():
    assert checked_text(torch.zeros(9, 9, 9), None, batch=2, token_dim=None) == (None, None)
