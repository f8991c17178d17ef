"""A fork that changes nothing changes nothing; one that changes something shares all before it."""

from itertools import pairwise

import pytest
import torch

from sfumato.errors import RecipeError
from sfumato.inspect.fork import Leg, fork
from sfumato.pipeline import Decoded, Encoded, trace
from sfumato.samplers import SAMPLERS
from sfumato.samplers.base import Step

OPTIONS = {"ddim": "ddim:eta=0.7"}


def recipe_of(model, sampler="ddim", **settings):
    return model.recipe(
        **({"prompt": "a red apple", "seed": 5, "steps": 6, "guidance": 3.0, "sampler": sampler} | settings)
    )


def taken(events):
    found = list(events)
    return [e for e in found if isinstance(e, Step)], found[-1]


def believed(steps):
    return [belief for step in steps for belief in step.beliefs]


@pytest.mark.parametrize("kind", SAMPLERS)
def test_a_fork_that_changes_nothing_ends_in_the_same_picture(tiny_model, kind):
    recipe = recipe_of(tiny_model, OPTIONS.get(kind, kind))
    steps, end = taken(trace(tiny_model.bundle, recipe))
    for at in (0, 1, 5):
        legs = [Leg(recipe=recipe), Leg(recipe=recipe, start=at)]
        for beliefs in ((), believed(steps[:at])):
            again, same = taken(fork(tiny_model.bundle, legs, beliefs))
            assert isinstance(same, Decoded)
            assert torch.equal(same.image, end.image)
            assert [step.i for step in again] == list(range(6))


def test_what_is_known_is_not_asked_again(tiny_model, monkeypatch):
    recipe = recipe_of(tiny_model, "heun")
    steps, _ = taken(trace(tiny_model.bundle, recipe))
    legs = [Leg(recipe=recipe), Leg(recipe=recipe_of(tiny_model, "heun", guidance=1.5), start=4)]
    again, _ = taken(fork(tiny_model.bundle, legs, believed(steps[:4])))
    assert all(new.prediction is old.prediction for new, old in zip(again[:4], steps[:4], strict=True))
    assert again[4].prediction is not steps[4].prediction


@pytest.mark.parametrize(
    "change", [{"guidance": 1.0}, {"prompt": "a green cat"}, {"negative": "red"}, {"sampler": "heun"}]
)
def test_what_lies_before_is_shared_and_what_lies_after_is_not(tiny_model, change):
    recipe = recipe_of(tiny_model)
    steps, end = taken(trace(tiny_model.bundle, recipe))
    legs = [Leg(recipe=recipe), Leg(recipe=recipe_of(tiny_model, **change), start=3)]
    again, other = taken(fork(tiny_model.bundle, legs))
    assert all(torch.equal(a.x_next, b.x_next) for a, b in zip(again[:3], steps[:3], strict=True))
    assert not torch.equal(again[3].x_next, steps[3].x_next)
    assert not torch.equal(other.image, end.image)


def test_another_seed_is_that_of_the_samplers_noise(tiny_model):
    still = [Leg(recipe=recipe_of(tiny_model)), Leg(recipe=recipe_of(tiny_model, seed=6), start=2)]
    noisy = [Leg(recipe=recipe_of(tiny_model, "ddpm")), Leg(recipe=recipe_of(tiny_model, "ddpm", seed=6), start=2)]
    for legs, same in ((still, True), (noisy, False)):
        _, first = taken(trace(tiny_model.bundle, legs[0].recipe))
        _, second = taken(fork(tiny_model.bundle, legs))
        assert torch.equal(first.image, second.image) is same


def test_more_steps_after_a_fork_go_on_from_its_level(tiny_model):
    legs = [Leg(recipe=recipe_of(tiny_model)), Leg(recipe=recipe_of(tiny_model, steps=12), start=3)]
    steps, _ = taken(fork(tiny_model.bundle, legs))
    assert [step.i for step in steps] == list(range(9))
    assert steps[3].here.t == steps[2].there.t == 0.5
    assert all(a.there.t == b.here.t for a, b in pairwise(steps))
    assert steps[-1].there.sigma == 0.0


def test_a_fork_of_a_fork(tiny_model):
    one, two, three = (
        Leg(recipe=recipe_of(tiny_model, guidance=w), start=k) for w, k in ((3.0, 0), (1.0, 2), (6.0, 4))
    )
    steps, _ = taken(fork(tiny_model.bundle, [one, two]))
    new, end = taken(fork(tiny_model.bundle, [one, two, three], believed(steps[:4])))
    plain, same = taken(fork(tiny_model.bundle, [one, two, three]))
    assert torch.equal(end.image, same.image)
    assert torch.equal(new[3].x_next, steps[3].x_next)
    assert not torch.equal(plain[4].x_next, steps[4].x_next)


def test_each_leg_says_how_it_reads_its_prompt(tiny_model):
    legs = [Leg(recipe=recipe_of(tiny_model)), Leg(recipe=recipe_of(tiny_model, prompt="a cat"), start=2)]
    told = [event for event in fork(tiny_model.bundle, legs) if isinstance(event, Encoded)]
    assert [event.cond.words[0] for event in told] == [
        ("[CLS]", "a", "red", "apple", "[SEP]"),
        ("[CLS]", "a", "cat", "[SEP]"),
    ]


@pytest.mark.parametrize("starts", [(1,), (0, 3, 3), (0, 4, 2), (0, 6), (0, 9), ()])
def test_legs_that_make_no_way(tiny_model, starts):
    legs = [Leg(recipe=recipe_of(tiny_model), start=start) for start in starts]
    with pytest.raises(RecipeError, match=r"fork|legs"):
        list(fork(tiny_model.bundle, legs))


def test_pictures_that_do_not_belong_together(tiny_model):
    recipe = recipe_of(tiny_model)
    with pytest.raises(RecipeError, match="one size"):
        list(fork(tiny_model.bundle, [Leg(recipe=recipe), Leg(recipe=recipe_of(tiny_model, size=(48, 32)), start=2)]))
    steps, _ = taken(trace(tiny_model.bundle, recipe_of(tiny_model, steps=5)))
    with pytest.raises(RecipeError, match="another way"):
        list(fork(tiny_model.bundle, [Leg(recipe=recipe), Leg(recipe=recipe, start=2)], believed(steps[:2])))
