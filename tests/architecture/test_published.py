"""What is published of a model is of the weights that ship."""

import json
from pathlib import Path

import pytest
from PIL import Image

from by_path import loaded
from sfumato import checkpoint
from sfumato.model import DEFAULT_MODEL

ROOT = Path(__file__).parents[2]
EVALUATIONS = sorted((ROOT / "docs" / "evaluation").glob("*.json"))
README = (ROOT / "README.md").read_text("utf-8")


@pytest.fixture(scope="module")
def published():
    return loaded("scripts/published.py")


def shipped_hash(name):
    return checkpoint.read_manifest(checkpoint.find(name)).model_hash


def test_something_is_published():
    assert EVALUATIONS


@pytest.mark.parametrize("path", EVALUATIONS, ids=lambda path: path.stem)
def test_an_evaluation_is_of_the_weights_that_ship(path):
    report = json.loads(path.read_text("utf-8"))
    assert report["model"] == path.stem
    assert report["split"] == "report"
    assert report["settings"]["model_hash"] == shipped_hash(path.stem)


@pytest.mark.parametrize("path", EVALUATIONS, ids=lambda path: path.stem)
def test_the_readme_says_what_the_evaluation_says(path, published):
    report = json.loads(path.read_text("utf-8"))
    assert published.replaced(README, report) == README
    report["copies"]["below"] += 1
    assert published.replaced(README, report) != README


@pytest.mark.parametrize("path", EVALUATIONS, ids=lambda path: path.stem)
def test_the_gallery_is_of_the_weights_that_ship(path):
    page = "gallery.md" if path.stem == DEFAULT_MODEL else f"gallery/{path.stem}.md"
    assert shipped_hash(path.stem) in (ROOT / "docs" / page).read_text("utf-8")


def test_the_sheet_is_of_a_model_that_ships():
    with Image.open(ROOT / "docs" / "sheet.png") as sheet:
        drawn = sheet.info["model_hash"]
    assert drawn in {shipped_hash(path.stem) for path in EVALUATIONS}
