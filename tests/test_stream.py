"""A picture while it comes about, and what is said of a model of few steps."""

import json
from dataclasses import replace

import numpy as np
import pytest

import sfumato
from sfumato.cli.main import main
from sfumato.guidance import Embedded
from sfumato.notes import recipe_notes
from sfumato.picture import to_bytes


@pytest.mark.parametrize("microbatch", [1, 2])
@pytest.mark.parametrize(("sampler", "evaluations"), [("ddim", 3), ("consistency", 3), ("heun", 4), ("unipc", 3)])
def test_each_evaluation_is_seen_and_the_last_is_the_picture(tiny_model, sampler, evaluations, microbatch):
    way = {"seed": 5, "sampler": sampler, "steps": 3, "microbatch": microbatch}
    pictures = list(tiny_model.stream("a red apple", **way))
    assert len(pictures) == evaluations
    assert len({p.pixels_sha256 for p in pictures}) == evaluations
    (whole,) = tiny_model.generate("a red apple", **way)
    assert pictures[-1].pixels_sha256 == whole.pixels_sha256
    said = [f"what was believed after evaluation {k}, in step {k} of 3" for k in (1, 2)]
    assert [p.notes[-1] for p in pictures[:2]] == said
    assert pictures[-1].notes == whole.notes


def test_the_first_belief_is_the_denoiser_s(tiny_model):
    first = next(tiny_model.stream("a red apple", seed=5, steps=3))
    step = next(e for e in tiny_model.trace("a red apple", seed=5, steps=3) if isinstance(e, sfumato.Step))
    image = tiny_model.bundle.autoencoder.decode(step.prediction.x0_hat)
    np.testing.assert_array_equal(np.asarray(first.image), to_bytes(image)[0])


def test_one_evaluation_is_the_picture_alone(tiny_model):
    assert len(list(tiny_model.stream("a cat", steps=1))) == 1


def test_what_a_model_of_few_steps_is_made_for_is_said_and_not_enforced(tiny_model):
    few = sfumato.Model(replace(tiny_model.bundle, card={"few_steps": {"most": 4, "guidance": [1.0, 8.0]}}))
    embedded = {"kind": "embedded", "scale": 9.0, "range": [1.0, 8.0]}
    recipe = few.recipe("a cat", steps=5, sampler="consistency", guidance=embedded)
    assert recipe_notes(few.bundle, recipe) == (
        "'tiny' is made for 1 to 4 steps; 5 are drawn, and need not be better",
        "guidance 9 lies outside 1 to 8, the range that 'tiny' learnt",
    )
    fitting = few.recipe("a cat", steps=4, sampler="consistency", guidance={**embedded, "scale": 8.0})
    assert recipe_notes(few.bundle, fitting) == ()
    assert "'tiny' is none" in recipe_notes(tiny_model.bundle, fitting)[0]
    picture = few.generate("a cat", steps=5, guidance=2.0)[0]
    assert picture.notes[-1].startswith("'tiny' is made for 1 to 4 steps")


def test_guidance_as_a_number_needs_a_dial(tiny_model):
    with pytest.raises(sfumato.errors.ShapeError, match="use guidance of kind 'classifier-free'"):
        tiny_model.generate("a cat", guidance={"kind": "embedded"})
    with pytest.raises(sfumato.errors.RecipeError, match="expected a finite number and low <= high"):
        Embedded(scale=1.0, range=(2.0, 1.0))


def test_the_command_says_it_once(tiny_folder, tmp_path, capsys):
    manifest = json.loads((tiny_folder / "sfumato.json").read_text())
    folder = tmp_path / "few"
    folder.mkdir()
    for file in tiny_folder.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    manifest["card"]["few_steps"] = {"most": 2}
    (folder / "sfumato.json").write_text(json.dumps(manifest))
    assert main(["generate", "a cat", "a red apple", "--model", str(folder), "--out", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().err.count("is made for 1 to 2 steps; 3 are drawn") == 1
