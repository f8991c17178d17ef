"""A recipe is plain data: it survives JSON and TOML, and refuses what cannot be."""

import json

import pytest

from sfumato.errors import RecipeError
from sfumato.recipe import LATER, Recipe, canonical, parse_options

WHOLE = {
    "prompt": "a red apple, 3d render 🍎",
    "seed": 2**64 - 1,
    "model": "tiny",
    "model_hash": "ab" * 32,
    "size": [32, 48],
    "steps": 7,
    "grid": "trailing",
    "sampler": {"kind": "ddim", "eta": 0.25},
    "guidance": {"kind": "classifier-free", "scale": 4.0, "interval": (0.0, 1.0), "rescale": 0.0},
    "engine": {"torch": "2"},
}


def test_json_and_back():
    recipe = Recipe.from_dict(WHOLE)
    assert recipe.size == (32, 48)
    assert recipe.guidance["interval"] == [0.0, 1.0]
    again = Recipe.from_json(recipe.to_json())
    assert again == recipe
    assert again.to_json() == recipe.to_json()
    assert recipe.to_json().isascii()


def test_canonical_does_not_depend_on_order():
    shuffled = dict(reversed(WHOLE.items()))
    assert Recipe.from_dict(shuffled).to_json() == Recipe.from_dict(WHOLE).to_json()
    assert canonical({"b": 1, "a": [1.5]}) == '{"a":[1.5],"b":1}'


def test_toml():
    text = 'prompt = "cat"\nmodel = "tiny"\nmodel_hash = "00"\nsize = [8, 8]\nsteps = 2\ngrid = "trailing"\n'
    text += '[sampler]\nkind = "ddim"\n[guidance]\nkind = "classifier-free"\nscale = 2.0\n'
    recipe = Recipe.from_toml(text)
    assert (recipe.prompt, recipe.guidance["scale"], recipe.seed) == ("cat", 2.0, 0)


def test_an_unknown_key_is_named_with_its_neighbour():
    with pytest.raises(RecipeError, match="unknown key 'sead'; did you mean 'seed'"):
        Recipe.from_dict(WHOLE | {"sead": 3})


def test_a_missing_key_is_named():
    with pytest.raises(RecipeError, match="lacks steps"):
        Recipe.from_dict({k: v for k, v in WHOLE.items() if k != "steps"})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"steps": 0}, "steps is 0"),
        ({"steps": 2.5}, "steps is 2.5"),
        ({"steps": True}, "steps is True"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 2**64}, "seed is 18446744073709551616"),
        ({"size": [32]}, "size is"),
        ({"size": [0, 32]}, "size is 0"),
        ({"prompt": 7}, "prompt is 7"),
        ({"prompt": "x" * 2001}, "2001 characters"),
        ({"dtype": "int8"}, "dtype is 'int8'"),
        ({"microbatch": 0}, "microbatch is 0"),
        ({"sampler": "ddim"}, "sampler is 'ddim'"),
        ({"guidance": {"kind": "classifier-free", "scale": float("nan")}}, "guidance scale is nan"),
        ({"version": 2}, "format 2, this Sfumato reads up to 1; upgrade"),
    ],
)
def test_impossible_values(change, words):
    with pytest.raises(RecipeError, match=words):
        Recipe.from_dict(WHOLE | change)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000])
def test_text_that_is_no_recipe(text):
    with pytest.raises(RecipeError):
        Recipe.from_json(text)


def test_agrees_but_for_prompt_and_seed():
    recipe = Recipe.from_dict(WHOLE)
    assert recipe.agrees(Recipe.from_dict(WHOLE | {"prompt": "cat", "negative": "dog", "seed": 1}))
    assert not recipe.agrees(Recipe.from_dict(WHOLE | {"steps": 8}))


OVER = {"init": "a" * 64, "mask": "b" * 64, "strength": 0.5}
WAY = {"prompt": "cat", "seed": 3, "share": 0.25}
BOUNDS = {"kind": "static", "limit": 1.0}


def test_what_came_later_is_not_mentioned_unless_used():
    plain = json.loads(Recipe.from_dict(WHOLE).to_json())
    assert not plain.keys() & LATER.keys()
    assert Recipe.from_dict({**WHOLE, **LATER}) == Recipe.from_dict(WHOLE)
    later = Recipe.from_dict({**WHOLE, **OVER, "scale": 4, "between": WAY, "threshold": BOUNDS})
    assert Recipe.from_json(later.to_json()) == later


@pytest.mark.parametrize(("steps", "strength", "visits"), [(20, 1.0, 20), (20, 0.6, 12), (20, 0.01, 1), (1, 0.5, 1)])
def test_strength_says_how_many_steps_are_made(steps, strength, visits):
    assert Recipe.from_dict({**WHOLE, **OVER, "steps": steps, "strength": strength}).visits == visits


def test_two_pictures_on_one_way_can_share_a_batch():
    first, second = (Recipe.from_dict({**WHOLE, "between": {**WAY, "share": share}}) for share in (0.2, 0.8))
    assert first.agrees(second)
    assert not first.agrees(Recipe.from_dict(WHOLE))
    assert not Recipe.from_dict(WHOLE).agrees(first)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"strength": 0.5}, "there is none"),
        ({"mask": "b" * 64}, "there is none"),
        ({**OVER, "strength": 0}, "strength is 0"),
        ({**OVER, "strength": 1.01}, "strength is 1.01"),
        ({**OVER, "strength": True}, "strength is True"),
        ({**OVER, "strength": "1"}, "strength is '1'"),
        ({"init": 3}, "init is 3"),
        ({"scale": 3}, "scale is 3; expected one of 1, 2, 4"),
        ({"scale": True}, "scale is True"),
        ({"between": {"prompt": "cat"}}, "expected prompt, seed and share"),
        ({"between": {**WAY, "share": 1.5}}, "share is 1.5"),
        ({"between": {**WAY, "share": float("nan")}}, "share is nan"),
        ({"between": {**WAY, "seed": -1}}, "between seed is -1"),
        ({"between": {**WAY, "prompt": "x" * 1001}}, "1001 characters"),
        ({"between": [1]}, "between is"),
        ({"threshold": "static"}, "threshold is 'static'"),
        ({"threshold": {"kind": "static", "limit": float("inf")}}, "threshold limit is inf"),
    ],
)
def test_refuses_later_entries_without_meaning(changes, complaint):
    with pytest.raises(RecipeError, match=complaint):
        Recipe.from_dict({**WHOLE, **changes})


def test_options_in_one_word():
    assert parse_options("DDIM") == {"kind": "ddim"}
    assert parse_options("ddim:eta=0.5,some-flag=true,name=x") == {
        "kind": "ddim",
        "eta": 0.5,
        "some_flag": True,
        "name": "x",
    }
    with pytest.raises(RecipeError, match="at 'eta'"):
        parse_options("ddim:eta")


def test_every_key_of_the_json_is_a_field():
    whole = {**WHOLE, "background": "transparent", **OVER, "scale": 2, "between": WAY, "threshold": BOUNDS}
    assert set(json.loads(Recipe.from_dict(whole).to_json())) == set(Recipe.__dataclass_fields__)
