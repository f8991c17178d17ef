"""A recipe is plain data: it survives JSON and TOML, and refuses what cannot be."""

import json

import pytest

from sfumato.errors import RecipeError
from sfumato.recipe import Recipe, canonical, parse_options

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
    whole = {**WHOLE, "background": "transparent"}
    assert set(json.loads(Recipe.from_dict(whole).to_json())) == set(Recipe.__dataclass_fields__)
