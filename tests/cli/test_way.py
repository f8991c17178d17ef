"""`sfumato generate --between` and `--sheet`: names in order, ends that are what they are alone, a sheet at the end."""

import json
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from sfumato.provenance.files import read

WAY = ("generate", "--between", "a red apple", "green pear", "--seed", 4, "--to-seed", 9, "--steps", 2)


def names(folder="pictures"):
    return sorted(path.name for path in Path(folder).iterdir())


def test_frames_and_their_sheet(sfumato):
    code, out, _ = sfumato(*WAY, "--frames", 3)
    assert code == 0
    frames = [f"a-red-apple-4-{share}.png" for share in ("0000", "0500", "1000")]
    assert names() == [*frames, "a-red-apple-to-green-pear.png"]
    assert out.splitlines()[-2:][0] == str(Path("pictures/a-red-apple-to-green-pear.png"))
    assert [read(f"pictures/{name}")[0].recipe.between["share"] for name in frames] == [0.0, 0.5, 1.0]
    sfumato("generate", "a red apple", "--seed", 4, "--steps", 2, "--out", "a.png")
    sfumato("generate", "green pear", "--seed", 9, "--steps", 2, "--out", "b.png")
    np.testing.assert_array_equal(read("a.png")[1], read(f"pictures/{frames[0]}")[1])
    np.testing.assert_array_equal(read("b.png")[1], read(f"pictures/{frames[2]}")[1])
    with PIL.Image.open("pictures/a-red-apple-to-green-pear.png") as sheet:
        assert sheet.size == (104, 32)
    assert sfumato(*WAY, "--frames", 2)[0] == 0
    assert "a-red-apple-to-green-pear-2.png" in names()


def test_a_frame_is_made_again_from_itself(sfumato):
    sfumato(*WAY, "--frames", 3)
    code, _, err = sfumato("generate", "--like", "pictures/a-red-apple-4-0500.png", "--out", "x.png")
    assert code == 0
    assert "the same pixels, every one" in err


def test_an_animation_and_json(sfumato):
    code, out, _ = sfumato(*WAY, "--frames", 3, "--sheet", "way.gif", "--json")
    assert code == 0
    assert json.loads(out)["sheet"] == "way.gif"
    with PIL.Image.open("way.gif") as image:
        assert image.n_frames == 4


def test_any_pictures_make_a_sheet(sfumato):
    assert sfumato("generate", "cats", "--count", 4, "--steps", 2, "--sheet", "s.png")[0] == 0
    with PIL.Image.open("s.png") as image:
        assert image.size == (140, 32)
    code, _, err = sfumato("generate", "cats", "--steps", 2, "--sheet", "s.png")
    assert code == 2
    assert "exists already" in err


def test_private_ways_name_nothing(sfumato):
    assert sfumato(*WAY, "--frames", 2, "--private")[0] == 0
    assert all(name.startswith("private") for name in names())
    data = [path.read_bytes() for path in Path("pictures").glob("*.png")]
    assert not any(word in part for part in data for word in (b"apple", b"pear"))


def test_seeds_alone(sfumato):
    assert sfumato("generate", "--between", "cats", "cats", "--to-seed", 2, "--frames", 2, "--steps", 2)[0] == 0
    assert "cats-0-1000.png" in names()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("cats", "--frames", "3"), "--frames says how --between goes on"),
        (("cats", "--to-seed", "3"), "--to-seed says how --between goes on"),
        (("cats", "--between", "a", "b"), "its own two prompts"),
        (("--between", "a", "b", "--count", "2"), "its own two prompts"),
        (("--between", "a", "b", "--frames", "1"), "--frames is 1"),
        (("--between", "a", "a"), "one prompt and one seed at both ends"),
        (("--between", "a", "b", "--to-seed", "x"), "--to-seed is 'x'"),
        (("--between", "a", "b", "--out", "x.png"), "8 pictures were asked for"),
        (("--between", "a", "x" * 1001), "1001 characters"),
        (("cats", "--sheet", "x.jpg"), "a sheet is written as .png"),
        (("cats", "--sheet", "absent/x.png"), "no folder absent"),
    ],
)
def test_bad_input_is_one_line(sfumato, words, complaint):
    code, _, err = sfumato("generate", *words)
    assert code == 2
    assert complaint in err
    assert len(err.strip().splitlines()) == 1
