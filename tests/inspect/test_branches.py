"""Switches on a transformer's branches: what is off adds nothing, a shut gate lets nothing through, all is on again."""

import pytest
import torch

from sfumato import rng
from sfumato.errors import RecipeError
from sfumato.inspect.branches import branches_of, dit_of, gates_of, switched_off
from tiny import transformer

X = torch.from_numpy(rng.normal(1, (2, 4, 8, 12), stream=rng.DATA))
TEXT = (torch.from_numpy(rng.normal(2, (2, 3, 16), stream=rng.DATA)), torch.ones(2, 3, dtype=torch.bool))
BETWEEN = {"self_attn": ("", "norm2"), "cross_attn": ("norm2", "norm3"), "ff": ("norm3", "out")}
"""Where the tokens are as they come to a branch and as they leave it: inputs of these, or what the block answers."""


@pytest.fixture(scope="module")
def net():
    return transformer().eval()


def answer(net, seen=None, k=1):
    """What the network answers; the tokens at the stations of block k go to `seen`."""
    block, handles = net.blocks[k], []
    for name in ("", "norm2", "norm3"):
        part = block.get_submodule(name)
        handles.append(part.register_forward_pre_hook(lambda _, given, name=name: note(seen, name, given[0])))
    handles.append(block.register_forward_hook(lambda _, given, output: note(seen, "out", output)))
    try:
        with torch.no_grad():
            return net(X, 500.0, *TEXT)
    finally:
        for handle in handles:
            handle.remove()


def note(seen, name, tokens):
    if seen is not None:
        seen[name] = tokens


def test_branches_are_those_of_the_network(net):
    assert branches_of(net) == [f"blocks.{k}.{part}" for k in range(3) for part in BETWEEN]
    silent = transformer(token_dim=None)
    assert branches_of(silent) == [f"blocks.{k}.{part}" for k in range(3) for part in ("self_attn", "ff")]


@pytest.mark.parametrize("part", BETWEEN)
def test_what_is_off_adds_nothing_and_only_there(net, part):
    before, after = BETWEEN[part]
    whole, plain, off = answer(net), {}, {}
    answer(net, plain)
    with switched_off(net, {f"blocks.1.{part}"}):
        changed = answer(net, off)
    assert torch.equal(off[""], plain[""])
    assert torch.equal(off[before], off[after])
    assert not torch.equal(plain[before], plain[after])
    for other in BETWEEN.keys() - {part}:
        assert not torch.equal(off[BETWEEN[other][0]], off[BETWEEN[other][1]])
    assert float((changed - whole).abs().max()) > 1e-3
    assert torch.equal(answer(net), whole)


def test_shut_gates_let_nothing_through_to_the_bit():
    net, seen = transformer(shut=(1,)).eval(), {}
    handles = [
        net.get_submodule(path).register_forward_hook(lambda _, given, output, path=path: note(seen, path, output))
        for path in ("blocks.0.modulation", "blocks.1.modulation")
    ]
    whole = answer(net)
    for handle in handles:
        handle.remove()
    with switched_off(net, {"blocks.1.self_attn", "blocks.1.ff"}):
        assert torch.equal(answer(net), whole)
    shut, open_ = (gates_of(seen[f"blocks.{k}.modulation"]) for k in (1, 0))
    assert shut.keys() == open_.keys() == {"self_attn", "ff"}
    for part, gate in shut.items():
        assert float(gate.abs().max()) == 0.0
        assert float(open_[part].abs().mean()) > 0.0
        with switched_off(net, {f"blocks.0.{part}"}):
            assert float((answer(net) - whole).abs().max()) > 1e-3


def test_all_is_on_again_after_an_error(net):
    whole, changed = answer(net), []

    def broken():
        with switched_off(net, branches_of(net)):
            changed.append(answer(net))
            raise KeyError

    with pytest.raises(KeyError):
        broken()
    assert not torch.equal(changed[0], whole)
    assert torch.equal(answer(net), whole)


def test_what_cannot_be_is_refused(net):
    with pytest.raises(RecipeError, match=r"no branch 'blocks.1.f'; did you mean .*'blocks.1.ff'"):
        switched_off(net, ["blocks.1.f"]).__enter__()
    with pytest.raises(RecipeError, match="is a Conv2d; only a DiT"):
        dit_of(torch.nn.Conv2d(1, 1, 1))
