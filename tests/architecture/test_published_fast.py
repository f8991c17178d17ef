"""What is published of a student is of the weights that ship, its own and its teacher's."""

import json
from pathlib import Path

import pytest
from PIL import Image

from sfumato import checkpoint
from sfumato.fast import SUFFIX

FAST = Path(__file__).parents[2] / "docs" / "fast"
STUDENTS = [name for name in checkpoint.shipped() if name.endswith(SUFFIX)]

pytestmark = pytest.mark.skipif(not STUDENTS, reason="no student ships, so nothing is published of one")


def hashes(student):
    """Those of a shipped student and of its teacher."""
    names = {"student": student, "teacher": student.removesuffix(SUFFIX)}
    return {side: checkpoint.read_manifest(checkpoint.find(name)).model_hash for side, name in names.items()}


def read(name):
    """A published report. A student that ships has one."""
    return json.loads((FAST / name).read_text("utf-8"))


@pytest.mark.parametrize("student", STUDENTS)
def test_the_curve_is_of_the_weights_that_ship(student):
    report, shipped = read("curve.json"), hashes(student)
    assert {side: report[side]["model_hash"] for side in shipped} == shipped
    page = (FAST / "curve.md").read_text("utf-8")
    assert all(digest[:12] in page for digest in shipped.values())


@pytest.mark.parametrize("student", STUDENTS)
def test_what_is_reached_is_of_the_weights_that_ship(student):
    report = read("reached.json")
    assert report["split"] == "report"
    assert report["models"] == hashes(student)


@pytest.mark.parametrize("student", STUDENTS)
def test_the_sheet_is_of_the_weights_that_ship(student):
    with Image.open(FAST / "sheet.png") as sheet:
        drawn = {"teacher": sheet.info["model_hash"], "student": sheet.info["student_hash"]}
    assert drawn == hashes(student)
