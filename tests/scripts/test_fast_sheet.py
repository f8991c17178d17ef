"""The sheet of few steps: which picture stands where."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.test_fast import write_student

import sfumato
from by_path import loaded
from tiny import write_tiny


@pytest.fixture(scope="module")
def script():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[2] / "recipes" / "fast"))
        yield loaded("recipes/fast/sheet.py")
    sys.modules.pop("ways", None)


def test_blocks_in_rows(script):
    def plain(value):
        return Image.new("RGB", (32, 32), (value, 0, 0))

    blocks = [[plain(10 * k + column) for column in range(4)] for k in range(6)]
    page = np.asarray(script.sheet(blocks, ["a cat"] * 6, ["one", "two", "four", "many"]))
    across, down = 4 * (32 + script.GAP) - script.GAP + script.APART, 32 + script.CAPTION + script.GAP
    for k in range(6):
        for column in range(4):
            x = script.APART + k % script.BLOCKS * across + column * (32 + script.GAP)
            y = script.HEAD + k // script.BLOCKS * down
            assert (page[y : y + 32, x : x + 32, 0] == 10 * k + column).all()


def test_the_command(script, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    teacher = write_tiny(tmp_path / "tiny")
    student = write_student(tmp_path / "tiny-fast", teacher)
    Path("prompts.txt").write_text("a red apple\na green pear\n")
    monkeypatch.setattr(sys, "argv", ["sheet.py", "--model", str(teacher), "--out", "docs/sheet.png"])
    script.main()
    with Image.open("docs/sheet.png") as image:
        page, said = np.asarray(image.convert("RGB")), image.text
    hashes = [sfumato.load(folder).bundle.model_hash for folder in (teacher, student)]
    assert [said["model_hash"], said["student_hash"]] == hashes
    x, y, step = script.APART, script.HEAD, 32 + script.GAP
    across = 4 * step - script.GAP + script.APART
    (four,) = sfumato.load(student).generate("a green pear", seed=1, steps=4)
    (many,) = sfumato.load(teacher).generate("a green pear", seed=1, steps=50)
    for column, picture in ((2, four), (3, many)):
        left = x + across + column * step
        np.testing.assert_array_equal(page[y : y + 32, left : left + 32], np.asarray(picture.image))
