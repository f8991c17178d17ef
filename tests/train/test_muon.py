"""Muon: what the iteration promises, and agreement with torch's own on plain matrices."""

import numpy as np
import pytest
import torch
from torch import nn

from sfumato.errors import RecipeError
from sfumato.train.muon import ROUNDS, Muon, as_kernel, as_matrix, orthogonal
from sfumato.train.optimisers import in_block, optimisers, set_rate
from sfumato.train.recipe import Optimiser


def drawn(*shape, seed=0):
    return torch.empty(shape).normal_(generator=torch.Generator().manual_seed(seed))


def applied(x, rounds=ROUNDS):
    for a, b, c in rounds:
        x = a * x + b * x**3 + c * x**5
    return x


def best_quintic(low, high):
    """a, b, c of the odd quintic nearest to 1 on [low, high], and how far it is: Remez's exchange of four points."""
    inner = [(3 * low + high) / 4, (low + 3 * high) / 4]
    for _ in range(60):
        rows = [[x, x**3, x**5, sign] for x, sign in zip((low, *inner, high), (1, -1, 1, -1), strict=True)]
        a, b, c, error = np.linalg.solve(np.array(rows), np.ones(4))
        turns = np.sqrt(np.roots([5 * c, 3 * b, a]))
        inner = sorted(turns)
    return (a, b, c), error


def test_each_round_is_the_best_for_what_the_one_before_left():
    low, high = 0.005, 1.0
    for k, quintic in enumerate(ROUNDS):
        (a, b, c), _ = best_quintic(low, high)
        margin = 1.02 if k + 1 < len(ROUNDS) else 1.0
        np.testing.assert_allclose(quintic, (a / margin, b / margin**3, c / margin**5), rtol=2e-4)
        reached = applied(np.linspace(low, high, 100_001), [quintic])
        low, high = reached.min(), reached.max()
    assert 0.9 < low < high < 1.1


@pytest.mark.parametrize("shape", [(32, 32), (32, 40), (16, 96), (96, 16), (64, 576), (1, 8)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("lowest", [1.0, 0.3, 0.02])
def test_singular_values_end_near_one_and_directions_stay(shape, dtype, lowest):
    """Also where all are 1: rounding then pushes them past the interval's end, where a quintic without margin grows."""
    u, _, vt = torch.linalg.svd(drawn(*shape), full_matrices=False)
    s = torch.linspace(1.0, lowest, min(shape))
    o = orthogonal((u * s @ vt)[None] * 7.0, dtype)[0]
    assert o.shape == shape
    inner = u.mT @ o @ vt.mT
    known = s / s.norm() > 0.005
    near = 0.1 if dtype == torch.float32 else 0.13
    assert (inner.diagonal()[known] - 1.0).abs().max() < near
    assert (inner - inner.diagonal().diag()).abs().max() < (1e-4 if dtype == torch.float32 else 0.04)


@pytest.mark.parametrize("rank", [1, 2, 5])
@pytest.mark.parametrize("shape", [(48, 48), (48, 432)])
def test_directions_without_a_gradient_stay_still(shape, rank):
    """A matrix of low rank: what is nothing but rounding must not grow to the size of a step."""
    u, _, vt = torch.linalg.svd(drawn(*shape), full_matrices=False)
    o = orthogonal((u[:, :rank] @ vt[:rank])[None])[0]
    inner = (u.mT @ o @ vt.mT).diagonal()
    assert inner[:rank].min() > 0.9
    assert inner[rank:].abs().max() < 0.05
    assert torch.linalg.svdvals(o)[rank:].max() < 0.3


def test_two_rounds_at_once_are_two_rounds():
    """On the Gram matrix alone, in float32, against x <- a x + (b g + c g^2) x taken twice."""
    u = drawn(3, 16, 64)
    x = u / u.norm(dim=(1, 2), keepdim=True)
    for a, b, c in ROUNDS:
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    torch.testing.assert_close(orthogonal(u, torch.float32), x, atol=2e-5, rtol=2e-5)


def test_zeros_stay_zero_and_matrices_do_not_mix():
    u = torch.stack([torch.zeros(4, 6), drawn(4, 6)])
    o = orthogonal(u, torch.float32)
    assert not o[0].any()
    assert torch.equal(o[1], orthogonal(u[1:], torch.float32)[0])


@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
def test_a_convolution_is_a_matrix_and_back(memory):
    w = drawn(6, 4, 3, 3).contiguous(memory_format=memory)
    assert as_matrix(w).shape == (6, 36)
    assert torch.equal(as_kernel(as_matrix(w), like=w), w)


def test_a_step_is_the_same_in_both_memory_formats():
    steps = []
    for memory in (torch.contiguous_format, torch.channels_last):
        p = nn.Parameter(drawn(6, 4, 3, 3).contiguous(memory_format=memory))
        p.grad = drawn(6, 4, 3, 3, seed=1).contiguous(memory_format=memory)
        Muon([p], lr=0.1, dtype=torch.float32).step()
        steps.append(p.detach().contiguous())
    torch.testing.assert_close(steps[0], steps[1])


@pytest.mark.parity
def test_agrees_with_torchs_muon_on_matrices():
    """torch sums momentum where ours averages it: the direction is the same, for the iteration forgets the length."""
    ours, theirs = (nn.Parameter(drawn(24, 40)) for _ in range(2))
    a = Muon([ours], lr=0.02, weight_decay=0.1, rounds=((3.4445, -4.7750, 2.0315),) * 5)
    b = torch.optim.Muon([theirs], lr=0.02, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
    for k in range(4):
        ours.grad = drawn(24, 40, seed=k + 1)
        theirs.grad = ours.grad.clone()
        a.step()
        b.step()
    moved = (theirs - drawn(24, 40)).norm()
    assert (ours - theirs).norm() < 0.02 * moved


def test_blocks_go_to_muon_and_the_rest_to_adamw():
    net = nn.ModuleDict({"first": nn.Linear(3, 4), "blocks": nn.ModuleList([nn.Linear(4, 4), nn.Conv2d(4, 4, 3)])})
    adamw, muon = optimisers(net, Optimiser(kind="muon", lr=1e-3, muon=3.0), torch.float32)
    assert {p.shape for p in muon.param_groups[0]["params"]} == {(4, 4), (4, 4, 3, 3)}
    assert sum(len(g["params"]) for g in adamw.param_groups) == 4
    set_rate([adamw, muon], 2e-4)
    assert [g["lr"] for g in adamw.param_groups] == [2e-4, 2e-4]
    assert muon.param_groups[0]["lr"] == pytest.approx(6e-4)
    assert len(optimisers(net, Optimiser(), torch.float32)) == 1


def test_in_block():
    assert in_block("down.0.blocks.1.conv1.weight")
    assert not in_block("time.linear1.weight")


def test_a_share_of_nothing_is_refused():
    from sfumato.train.recipe import TrainRecipe

    with pytest.raises(RecipeError, match=r"optimiser\.muon is 0"):
        TrainRecipe(name="x", optimiser=Optimiser(muon=0.0))
