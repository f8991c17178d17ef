"""scripts/measure_colours.py on pictures whose colours are known, and with models that obey or do not."""

import numpy as np
import pytest
from PIL import Image

from by_path import loaded


@pytest.fixture(scope="module")
def script():
    return loaded("scripts/measure_colours.py")


def blot(*parts):
    """A picture of 10 rows in some colours, the last of them on nothing: (colour, rows) each."""
    out, row = np.zeros((10, 10, 4), np.uint8), 0
    for colour, rows in parts:
        out[row : row + rows] = (*colour, 255)
        row += rows
    return Image.fromarray(out)


RED, BLUE, BLACK = (229, 57, 53), (30, 136, 229), (20, 20, 20)


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        ([(RED, 10)], "red"),
        ([(RED, 3), (BLUE, 2), (BLACK, 4)], "red"),
        ([(RED, 2), (BLACK, 8)], ""),
        ([(BLUE, 1)], "blue"),
        ([], ""),
    ],
)
def test_the_main_hue_of_a_picture_is_named_where_it_has_a_quarter(script, parts, name):
    assert script.colour_of(blot(*parts)) == name


def test_wilson_is_wilsons(script):
    # 15 of 50, by the formula of the paper worked out by hand with z = 1.96
    np.testing.assert_allclose(script.wilson(15 / 50, 50), (0.19103, 0.43752), atol=2e-4)
    low, high = script.wilson(0 / 56, 56)
    assert low == pytest.approx(0.0, abs=1e-12)
    assert high == pytest.approx(0.0642, abs=5e-4)


class Obedient:
    """Draws the colour that it is asked for, or always red."""

    def __init__(self, codes):
        self.codes = codes

    def generate(self, prompt, *, seed):
        assert isinstance(seed, int)
        colour = self.codes.get(prompt.split()[0], RED)
        return (type("Drawn", (), {"image": blot((colour, 10))}),)


CODES = {
    "red": RED,
    "orange": (251, 140, 0),
    "yellow": (253, 216, 53),
    "green": (67, 160, 71),
    "blue": BLUE,
    "purple": (142, 36, 170),
    "pink": (244, 143, 177),
}


@pytest.mark.parametrize(("codes", "hits"), [(CODES, 56), ({}, 8)])
def test_an_obedient_model_is_told_from_one_that_is_not(script, monkeypatch, tmp_path, capsys, codes, hits):
    monkeypatch.setattr(script.sfumato, "load", lambda _: Obedient(codes))
    monkeypatch.setattr(script, "load_score", lambda _: None)
    monkeypatch.setattr(script, "thing_of", lambda *_: "cat")
    monkeypatch.setattr("sys.argv", ["measure_colours.py", "x", "--sheet", str(tmp_path / "sheet.png")])
    script.main()
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith(f"colour: {hits} of 56, ")
    assert said[1].startswith("thing: 7 of 56, ")
    assert said[2].startswith(f"both: {hits // 8} of 56, ")
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (768, 672)
