"""Several pictures in one file: side by side with their records, or moving there and back."""

import json

import numpy as np
import PIL.Image
import pytest

from sfumato.errors import OutputError
from sfumato.sheet import encoded, side_by_side, write_sheet


@pytest.fixture(scope="module")
def pictures(tiny_model):
    return tiny_model.generate("cats", count=3)


@pytest.mark.parametrize(
    ("n", "size"), [(1, (32, 32)), (3, (104, 32)), (8, (284, 32)), (9, (176, 68)), (17, (212, 104))]
)
def test_rows_are_of_equal_length(n, size):
    images = [PIL.Image.new("RGB", (32, 32), (k, 0, 0)) for k in range(n)]
    whole = side_by_side(images)
    assert whole.size == size
    columns = (size[0] + 4) // 36
    assert [whole.getpixel((k % columns * 36, k // columns * 36))[0] for k in range(n)] == list(range(n))


def test_transparent_pictures_stay_so():
    clear = PIL.Image.new("RGBA", (8, 8), (1, 2, 3, 100))
    whole = side_by_side([clear, clear])
    assert whole.getpixel((0, 0)) == (1, 2, 3, 100)
    assert whole.getpixel((9, 0))[3] == 0


def test_a_sheet_holds_every_recipe_and_the_mark(pictures, tmp_path):
    path = write_sheet(tmp_path / "s.png", pictures)
    with PIL.Image.open(path) as image:
        image.load()
        text = image.text
        np.testing.assert_array_equal(np.asarray(image)[:, 36:68], np.asarray(pictures[1].image))
    assert [entry["seed"] for entry in json.loads(text["sfumato-sheet"])] == [0, 1, 2]
    assert "trainedAlgorithmicMedia" in text["XML:com.adobe.xmp"]
    with pytest.raises(FileExistsError):
        write_sheet(path, pictures)


def test_a_private_sheet_hides_prompt_and_seed(pictures):
    data = encoded(pictures, ".png", private=True)
    assert b"cats" not in data
    assert b'"seed"' not in data


def test_an_animation_goes_there_and_back(pictures, tmp_path):
    with PIL.Image.open(write_sheet(tmp_path / "s.gif", pictures)) as image:
        assert image.n_frames == 4
        assert image.info["loop"] == 0
        assert b"trained algorithm" in image.info["comment"]
        times, seen = [], []
        for k in range(4):
            image.seek(k)
            times.append(image.info["duration"])
            seen.append(np.asarray(image.convert("RGB"), int))
    assert times == [800, 120, 800, 120]
    for k, picture in enumerate([*pictures, pictures[1]]):
        assert np.abs(seen[k] - np.asarray(picture.image)).mean() < 12


def test_other_names_are_refused(pictures, tmp_path):
    with pytest.raises(OutputError, match=r"s.jpg ends in '.jpg'; a sheet is written as .png, an animation as .gif"):
        write_sheet(tmp_path / "s.jpg", pictures)
