"""The kernel for training on a CPU is group normalisation: the bits of torch's in float32, forwards and backwards."""

import pytest
import torch
from torch.nn import functional as F

from sfumato.nets import group_norm
from sfumato.nets.group_norm import GroupNorm, in_parts


def drawn(shape, dtype=torch.bfloat16, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = (3.0 + 2.0 * torch.randn(shape, generator=generator)).to(dtype)
    return x.contiguous(memory_format=torch.channels_last) if len(shape) == 4 else x


def answers(kernel, x, weight, bias, grad):
    leaves = [leaf.detach().clone().requires_grad_() for leaf in (x, weight, bias)]
    leaves[0] = x.detach().clone(memory_format=torch.preserve_format).requires_grad_()
    y = kernel(leaves[0], 8, leaves[1], leaves[2], 1e-5)
    return (y, *torch.autograd.grad(y, leaves, grad))


@pytest.mark.parametrize("shape", [(5, 32, 6, 4), (3, 64, 1, 1), (1, 16, 40, 40)])
@pytest.mark.parametrize("cached", [1, 2000, 1 << 20])
def test_it_is_torchs_in_float32_rounded(shape, cached, monkeypatch):
    monkeypatch.setattr(group_norm, "CACHED", cached)
    x, grad = drawn(shape), drawn(shape, seed=1)
    weight, bias = drawn((shape[1],), torch.float32, seed=2), drawn((shape[1],), torch.float32, seed=3)
    ours = answers(in_parts, x, weight, bias, grad)
    wide = answers(F.group_norm, x.float(), weight, bias, grad.float())
    assert [a.dtype for a in ours] == [torch.bfloat16, torch.bfloat16, torch.float32, torch.float32]
    assert ours[0].is_contiguous(memory_format=torch.channels_last)
    for a, b in zip(ours[:2], wide[:2], strict=True):
        torch.testing.assert_close(a.float(), b, rtol=2**-8, atol=2**-8)
    for a, b in zip(ours[2:], wide[2:], strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-4)


def test_a_gradient_that_comes_in_another_layout():
    x, weight, bias = drawn((4, 16, 3, 3)), torch.ones(16), torch.zeros(16)
    grad = drawn((4, 16, 3, 3), seed=1)
    ours = answers(in_parts, x, weight, bias, grad.contiguous())
    for a, b in zip(ours, answers(in_parts, x, weight, bias, grad), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("x", [drawn((2, 16, 4, 4), torch.float32), drawn((2, 16, 4, 4)).contiguous(), drawn((2, 16))])
def test_what_it_is_not_for_goes_to_torch(x):
    weight, bias = torch.rand(16), torch.rand(16)
    weight, bias = (weight, bias) if x.dtype == torch.float32 else (weight.bfloat16(), bias.bfloat16())
    assert torch.equal(in_parts(x, 8, weight, bias, 1e-5), F.group_norm(x, 8, weight, bias, 1e-5))


def test_a_layers_kernel_is_its_own():
    plain, swapped = GroupNorm(4, 8), GroupNorm(4, 8)
    swapped.kernel = lambda x, *_: x + 1
    x = torch.rand(2, 8, 3, 3)
    assert torch.equal(plain(x), F.group_norm(x, 4, plain.weight, plain.bias, plain.eps))
    assert torch.equal(swapped(x), x + 1)


def test_a_compiler_reads_torchs_own():
    """In parts, it would write each of them out: minutes become an hour."""
    seen = []

    def reading(graph, _):
        seen.extend(str(node.target) for node in graph.graph.nodes)
        return graph.forward

    x, weight, bias = drawn((4, 16, 3, 3)), torch.rand(16), torch.rand(16)
    torch.compile(in_parts, backend=reading)(x, 8, weight, bias, 1e-5)
    assert any("group_norm" in name for name in seen)
    assert not any("InParts" in name or "autograd" in name for name in seen)
