"""Pictures for an evaluation: prompt k with seed k, drawn once, counted, and never those of another recipe."""

import json

import numpy as np
import pytest

from sfumato.errors import OutputError, RecipeError
from sfumato.evaluate.drawing import COST, cost, draw, pixels
from sfumato.provenance.files import read

PROMPTS = ["a red apple", "a cat", "a pear, 3d render"]


def recipes(model, **settings):
    return [model.recipe(prompt, seed=k, **settings) for k, prompt in enumerate(PROMPTS)]


def test_each_picture_is_the_one_of_its_recipe(tiny_model, tmp_path):
    seen = []
    paths = draw(tiny_model, recipes(tiny_model), tmp_path / "new" / "pictures", lambda *at: seen.append(at))
    assert [path.name for path in paths] == ["0000.png", "0001.png", "0002.png"]
    assert seen == [(1, 3), (2, 3), (3, 3)]
    for path, recipe in zip(paths, recipes(tiny_model), strict=True):
        record, found, _ = read(path)
        assert record.recipe == recipe
        assert np.array_equal(found, np.asarray(tiny_model.draw([recipe])[0].image))


def test_it_goes_on_where_it_was_stopped(tiny_model, tmp_path):
    def stop(done, total):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        draw(tiny_model, recipes(tiny_model), tmp_path, stop)
    times = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.png")}
    assert len(times) == 2
    drawn = []
    draw(tiny_model, recipes(tiny_model), tmp_path, lambda *at: drawn.append(at))
    assert drawn == [(3, 3)]
    assert all((tmp_path / name).stat().st_mtime_ns == when for name, when in times.items())
    assert cost(tmp_path)["pictures"] == 3


def test_evaluations_are_counted(tiny_model, tmp_path):
    """3 steps of DDIM with guidance: 6 for each picture; without, 3."""
    draw(tiny_model, recipes(tiny_model), tmp_path / "guided")
    draw(tiny_model, recipes(tiny_model, guidance=1.0), tmp_path / "plain")
    assert cost(tmp_path / "guided")["evaluations"] == 18
    assert cost(tmp_path / "plain")["evaluations"] == 9
    assert json.loads((tmp_path / "plain" / COST).read_text())["seconds"] > 0


def test_a_microbatch_gives_every_recipe_its_own_picture(tiny_model, tmp_path):
    wanted = recipes(tiny_model, microbatch=2)
    paths = draw(tiny_model, wanted, tmp_path)
    assert [read(path)[0].recipe for path in paths] == wanted


def test_pictures_of_another_recipe_are_refused(tiny_model, tmp_path):
    draw(tiny_model, recipes(tiny_model)[:1], tmp_path)
    with pytest.raises(RecipeError, match=r"0000\.png was made after another recipe"):
        draw(tiny_model, recipes(tiny_model, steps=2), tmp_path)


def test_pixels_come_in_the_size_of_the_ruler(tiny_model, tmp_path):
    found = pixels(draw(tiny_model, recipes(tiny_model), tmp_path), 128)
    assert found.shape == (3, 128, 128, 3)
    assert found.dtype == np.uint8


def test_a_folder_that_cannot_be_made(tiny_model, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="--out"):
        draw(tiny_model, recipes(tiny_model), tmp_path / "file" / "pictures")
