"""Colours by name: swatches that anyone would call so, colours turned into others, and the corpus made of them."""

import io

import numpy as np
import pytest
from PIL import Image

from sfumato.corpus.colour_names import HUES, NAMES, lch, main_colour, numbers, oklab, shares
from sfumato.corpus.coloured import Colouring, coloured
from sfumato.corpus.hue_turn import in_gamut, turned
from sfumato.corpus.rows import Row, Table

SWATCHES = {
    "red": ["E53935", "D32F2F", "DD2E44"],
    "orange": ["FB8C00", "F4900C", "FF9800"],
    "yellow": ["FDD835", "FFCC4D", "FFEB3B"],
    "green": ["43A047", "77B255", "2E7D32"],
    "blue": ["1E88E5", "3B88C3", "0D47A1"],
    "purple": ["8E24AA", "7E57C2", "AA8DD8"],
    "pink": ["EC407A", "F48FB1", "F4ABBA", "F06292"],
    "brown": ["6D4C41", "5D4037", "66471B"],
    "black": ["212121", "000000"],
    "white": ["FFFFFF", "F5F5F5"],
    "grey": ["9E9E9E", "757575", "99AAB5"],
}
"""From the palettes that emoji sets and Material Design are drawn with, whose authors call them so."""


def colour(code):
    return np.frombuffer(bytes.fromhex(code), np.uint8)


def disc(code, size=16):
    """A disc with a dark rim on nothing."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    far = np.hypot(x, y) / (size / 2)
    out = np.zeros((size, size, 4), np.uint8)
    out[far < 1] = (20, 20, 20, 255)
    out[far < 0.9, :3] = colour(code)
    return out


def table(*rows):
    """A corpus of pictures in memory; None is bytes that are none."""
    pictures = []
    for row in rows:
        data = io.BytesIO()
        if row[1] is not None:
            Image.fromarray(row[1]).save(data, "PNG")
        pictures.append(data.getvalue() or b"nothing")
    listed = tuple(
        Row(position=k, id=f"r{k}", caption=row[0], keywords=("thing", "red thing"), **(row[2] if len(row) > 2 else {}))
        for k, row in enumerate(rows)
    )
    return Table(
        path="memory",
        kind="memory",
        rows=listed,
        skipped=(),
        named=True,
        pictures=lambda some: (pictures[row.position] for row in some),
    )


@pytest.mark.parametrize(("name", "code"), [(name, code) for name, codes in SWATCHES.items() for code in codes])
def test_swatches_have_the_names_that_their_authors_gave_them(name, code):
    assert NAMES[numbers(colour(code)[None])[0]] == name
    assert main_colour(disc(code)) == name


def test_oklab_is_ottossons():
    lab = oklab(np.array([[255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255]], np.uint8))
    expected = [[1, 0, 0], [0.62796, 0.22486, 0.12585], [0.86644, -0.23389, 0.17950], [0.45201, -0.03246, -0.31153]]
    np.testing.assert_allclose(lab, expected, atol=2e-4)


def test_colours_of_srgb_come_back():
    rgb = np.random.default_rng(0).integers(0, 256, (40, 40, 3)).astype(np.uint8)
    light, chroma, hue = lch(oklab(rgb))
    assert np.abs(in_gamut(light, chroma, np.radians(hue)).astype(int) - rgb).max() <= 1


def test_what_is_not_seen_has_no_colour():
    hidden = disc("E53935")
    hidden[..., 3] = 127
    assert main_colour(hidden) == ""
    assert set(shares(hidden).values()) == {0.0}
    many = disc("E53935")
    many[5:10, :, :3] = colour("1E88E5")
    many[10:, :, :3] = colour("43A047")
    assert main_colour(many) == ""


@pytest.mark.parametrize("old", HUES)
@pytest.mark.parametrize("new", HUES)
def test_a_turned_disc_has_the_new_colour(old, new):
    before = disc(SWATCHES[old][0])
    before[0, 0] = (255, 255, 255, 255)
    after = turned(before, old, new)
    assert main_colour(after) == new
    np.testing.assert_array_equal(after[..., 3], before[..., 3])
    dark = (before[..., :3] == 20).all(axis=-1) & (before[..., 3] == 255)
    for same in (after[dark][:, :3].astype(int) - 20, after[0, 0, :3].astype(int) - 255):
        assert np.abs(same).max() <= 1
    assert not after[before[..., 3] == 0].any()


def test_only_the_main_colour_has_to_be_there():
    picture = disc("1E88E5")
    assert turned(picture, "red", "green") is picture


def test_rows_are_named_and_turned():
    made = list(
        coloured(
            table(
                ("cat", disc("FB8C00"), {"style_phrase": "flat emoji"}),
                ("red cat", disc("E53935")),
                ("flag of Japan", disc("E53935")),
                ("wolf", disc("212121"), {"style_phrase": "black silhouette icon"}),
                ("crow", disc("212121"), {"split": "val"}),
                ("nothing", None),
            ),
            Colouring(turns=2, size=16),
        )
    )
    assert [one.row["caption"] for one in made[:1]] == ["orange cat"]
    assert len(made) == 5
    assert made[0].row["keywords"] == ["orange thing"], "a keyword with another colour would be a lie"
    names = [one.row["caption"].split()[0] for one in made[:3]]
    assert len(set(names)) == 3
    for one, name in zip(made[:3], names, strict=True):
        assert main_colour(one.pixels) == name
        assert one.row["id"] == f"r0+{name}"
        assert one.row["split"] == "train"
    assert (made[3].row["caption"], made[3].row["split"]) == ("black crow", "val")
    assert made[4].pixels is None
    assert made[4].reason


@pytest.mark.parametrize("turns", [0, 6])
def test_so_many_turns_as_were_asked_for(turns):
    made = list(coloured(table(("cat", disc("FB8C00"))), Colouring(turns=turns, size=16)))
    assert len(made) == 1 + turns
    assert len({one.row["caption"] for one in made}) == 1 + turns
