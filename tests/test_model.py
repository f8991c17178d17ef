"""The five-line way in."""

import numpy as np
import pytest

import sfumato
from sfumato.errors import RecipeError
from sfumato.picture import to_bytes


def test_a_few_lines(tiny_folder, tmp_path):
    model = sfumato.load(tiny_folder)
    pictures = model.generate(["a red apple", "cats"], seed=7, count=2)
    assert [(p.recipe.prompt, p.recipe.seed) for p in pictures] == [
        ("a red apple", 7),
        ("a red apple", 8),
        ("cats", 7),
        ("cats", 8),
    ]
    assert pictures[0].image.size == (32, 32)
    assert pictures[0]._repr_png_().startswith(b"\x89PNG")
    assert "image/png" in pictures[0]._repr_mimebundle_()
    assert pictures[0].save(tmp_path / "x.png").is_file()
    assert model.card["licences"] == "Apache-2.0"


def test_generate_names_a_model(tiny_folder):
    assert sfumato.generate("cats", model=tiny_folder, seed=3)[0].recipe.seed == 3


def test_trace_yields_every_step(tiny_model):
    events = list(tiny_model.trace("a red apple", steps=4, guidance=2.0))
    assert [type(e).__name__ for e in events] == ["Encoded", *["Step"] * 4, "Decoded"]
    assert events[0].cond.words[0] == ("[CLS]", "a", "red", "apple", "[SEP]")
    step = events[1]
    assert set(step.prediction.terms) == {"cond", "null"}
    assert step.prediction.x0_hat.shape == (1, 4, 8, 8)


def test_defaults_are_the_models_and_settings_win(tiny_model):
    plain = tiny_model.recipe("cats")
    assert (plain.steps, plain.grid, plain.size) == (3, "trailing", (32, 32))
    assert plain.sampler == {"kind": "ddim", "eta": 0.0}
    assert plain.guidance["scale"] == 4.0
    other = tiny_model.recipe(
        "cats", steps=5, guidance=2, sampler="ddim:eta=0.5", grid="karras", size=(48, 32), negative="dog"
    )
    assert (other.steps, other.grid, other.size, other.negative) == (5, "karras", (48, 32), "dog")
    assert (other.sampler["eta"], other.guidance["scale"]) == (0.5, 2.0)
    assert tiny_model.generate("cats", size=(48, 32))[0].image.size == (48, 32)


def test_a_recipe_says_what_ran(tiny_model):
    engine = tiny_model.recipe().engine
    assert engine["sfumato"] == sfumato.__version__
    assert {"torch", "cpu", "device"} <= set(engine)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"steps": 0}, "steps is 0"),
        ({"steps": 1001}, "1..1000"),
        ({"guidance": float("nan")}, "guidance is nan"),
        ({"guidance": "strong"}, "guidance is 'strong'"),
        ({"size": 64}, "size 64x64 is not supported"),
        ({"sampler": "dimm"}, "did you mean 'ddim'"),
        ({"sampler": 3}, "sampler is 3"),
        ({"grid": "kerras"}, "did you mean 'karras'"),
        ({"count": 0}, "count is 0"),
        ({"negative": None}, "a negative prompt is None"),
    ],
)
def test_bad_settings(tiny_model, settings, words):
    with pytest.raises(RecipeError, match=words):
        tiny_model.generate("cats", **settings)


def test_a_prompt_that_is_no_text(tiny_model):
    with pytest.raises(RecipeError, match="a prompt is 7; expected text"):
        tiny_model.generate([7])


@pytest.mark.parametrize(
    "prompt", ["", " ", "🍎🍏", "красное яблоко", "りんご", "a\0b", "\ud800", "a " * 5000, "e\u0301" * 3000]
)
def test_any_text_is_drawn(tiny_model, prompt):
    picture = tiny_model.generate(prompt, steps=1)[0]
    assert picture.image.size == (32, 32)
    assert picture._repr_png_()


def test_notes_say_what_was_not_read(tiny_model):
    assert tiny_model.notes("a red apple") == ()
    assert any("cut" in note for note in tiny_model.notes("a red apple " * 10))
    assert any("know" in note for note in tiny_model.notes("🍎🍏"))
    assert any("2000 characters" in note for note in tiny_model.notes("a " * 5000))
    assert tiny_model.generate("🍎", steps=1)[0].notes


def test_an_empty_prompt_is_the_unconditional_picture(tiny_model):
    free = tiny_model.generate("", guidance=5.0)[0]
    alone = tiny_model.generate("a red apple", guidance=0.0)[0]
    assert free.pixels_sha256 == alone.pixels_sha256
    assert free.pixels_sha256 != tiny_model.generate("a red apple", guidance=1.0)[0].pixels_sha256


def test_bytes_of_a_picture():
    grey = np.array([-2.0, -1.0, 0.0, 0.999, 1.0, 3.0], np.float32).reshape(1, 1, 1, 6)
    for image in (grey, np.repeat(grey, 3, axis=1)):
        pixels = to_bytes(image)
        assert pixels.shape == (1, 1, 6, 3)
        for colour in range(3):
            assert pixels[0, 0, :, colour].tolist() == [0, 0, 128, 255, 255, 255]
