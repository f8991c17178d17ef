"""Threads with pictures of their own leave the gradient of micro-batches one after the other, bit for bit."""

import pytest
import torch
from tests.train.tiny_runs import DATA, SMALL
from tests.train.tiny_teacher import place, recipe_of
from torch import nn

from sfumato.train.build import build
from sfumato.train.hands import LEAST, Hands
from sfumato.train.material import Place
from sfumato.train.objective import Moment
from sfumato.train.reading import load_recipe
from sfumato.train.shares import dealt
from sfumato.train.spread import Alone

CPU, BATCH = torch.device("cpu"), 32
ALONE = ["watch.split=train", "data.size=32", "data.sources=[{name='glyphs'}]"]
CHANGES = {
    "denoiser": ("tiny", [*SMALL, "network.dropout=0", "precision=float32"]),
    "denoiser in bfloat16": ("tiny", [*SMALL, "network.dropout=0", "precision=bfloat16", "data.flip=0.5"]),
    "autoencoder": ("autoencoder", [*ALONE, "data.crop=16", "precision=bfloat16"]),
}


@pytest.fixture
def threads():
    """Sets their number; afterwards it is what it was."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def gradients(objective, step):
    """Of every parameter, after a step's loss; the loss too."""
    objective.net.zero_grad(set_to_none=True)
    loss = step()
    return loss, [None if p.grad is None else p.grad.clone() for p in objective.net.parameters()]


def told_apart(objective, threads, hands):
    """Gradients by threads at once and by one after the other, at several moments."""
    alone, parts = Alone(objective), dealt(slice(0, BATCH), hands)
    for step in range(4):
        moment = Moment(step=step, shown=step * BATCH, count=BATCH)
        threads(hands)
        loss_at_once, at_once = gradients(objective, lambda m=moment: alone.hands.at_once(m, parts))
        assert torch.get_num_threads() == hands
        threads(1)
        loss_in_turn, in_turn = gradients(objective, lambda m=moment: alone.backward(m, BATCH // hands))
        assert loss_at_once == loss_in_turn
        yield at_once, in_turn


@pytest.mark.parametrize("hands", [2, 4])
@pytest.mark.parametrize("what", CHANGES)
def test_at_once_is_one_after_the_other(what, hands, cache, threads):
    recipe = load_recipe(*CHANGES[what])
    objective = build(recipe, Place(device=CPU, data=DATA, cache=cache, report=lambda *_: None)).objective
    assert objective.splits
    found = 0
    for at_once, in_turn in told_apart(objective, threads, hands):
        for one, other in zip(at_once, in_turn, strict=True):
            assert (one is None and other is None) or torch.equal(one, other)
            found += one is not None and bool(one.any())
    assert found > 4


def test_a_student_and_its_target(teacher, cache, threads):
    """Own pictures are drawn with no gradient while another thread takes one: neither sees the other's casts."""
    recipe = recipe_of(teacher, "distillation", "precision=bfloat16", f"optimiser.batch={BATCH}")
    objective = build(recipe, place(cache)).objective
    assert not objective.splits, "the teacher's recipe has dropout, whose generator is one for all threads"
    for layer in objective.net.modules():
        if isinstance(layer, nn.Dropout):
            layer.p = 0.0
    objective.drops = False
    assert objective.splits
    for at_once, in_turn in told_apart(objective, threads, 2):
        assert all(
            (one is None and other is None) or torch.equal(one, other)
            for one, other in zip(at_once, in_turn, strict=True)
        )
        assert sum(g is not None and bool(g.any()) for g in at_once) > 10


def test_who_has_threads_of_their_own(teacher, cache, threads):
    whole = build(load_recipe("tiny", ["network.dropout=0"]), place(cache)).objective
    hands = Hands(whole)
    threads(3)
    assert [hands.number(n) for n in (1, LEAST, 2 * LEAST, 8 * LEAST)] == [1, 1, 2, 3]
    threads(1)
    assert hands.number(8 * LEAST) == 1
    threads(3)
    whole.net.to("meta")
    assert hands.number(8 * LEAST) == 1
    rivals = load_recipe("autoencoder", [*ALONE, "data.crop=32", "loss.adversarial=0.1"])
    for alone in (rivals, recipe_of(teacher, "mean-flow")):
        assert not build(alone, place(cache)).objective.splits


@pytest.mark.parametrize(("count", "hands"), [(16, 2), (17, 3), (64, 5)])
def test_what_is_dealt_follows_each_other(count, hands):
    parts = dealt(slice(3, 3 + count), hands)
    assert [k for p in parts for k in range(p.start, p.stop)] == list(range(3, 3 + count))
    assert {p.stop - p.start for p in parts} <= {count // hands, count // hands + 1}


def test_what_a_thread_raises_comes_out(threads):
    class Broken:
        net = nn.Linear(1, 1)

        def loss(self, moment, part, /):
            raise ValueError("broken")

    threads(2)
    with pytest.raises(ValueError, match="broken"):
        Hands(Broken()).at_once(Moment(step=0, shown=0, count=16), dealt(slice(0, 16), 2))
    assert torch.get_num_threads() == 2
