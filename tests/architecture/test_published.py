"""What is published of a model is of the weights that ship, and of the settings that they ship with."""

import dataclasses
import json
from pathlib import Path

import pytest
from PIL import Image

from by_path import loaded
from sfumato import checkpoint
from sfumato.evaluate.copies import verdict
from sfumato.fast import SUFFIX
from sfumato.model import DEFAULT_MODEL, Model
from sfumato.pipeline import Bundle
from sfumato.process.schedules import schedule_from

ROOT = Path(__file__).parents[2]
EVALUATIONS = sorted((ROOT / "docs" / "evaluation").glob("*.json"))
README = (ROOT / "README.md").read_text("utf-8")


@pytest.fixture(scope="module")
def published():
    return loaded("scripts/published.py")


def shipped_hash(name):
    return checkpoint.read_manifest(checkpoint.find(name)).model_hash


def published_hash(name):
    """The weights that numbers are published of: in an evaluation, or a student's beside its teacher's; or None."""
    page, beside = (ROOT / "docs" / place for place in (f"evaluation/{name}.json", "fast/reached.json"))
    if page.is_file():
        return json.loads(page.read_text("utf-8"))["settings"]["model_hash"]
    if name.endswith(SUFFIX) and beside.is_file():
        return json.loads(beside.read_text("utf-8"))["models"]["student"]
    return None


def settings_of(manifest):
    """What a model draws with where the user says nothing, as an evaluation writes it, without any weights."""
    bundle = Bundle(
        name=manifest.name,
        model_hash=manifest.model_hash,
        conditioner=None,
        denoiser=None,
        autoencoder=None,
        schedule=schedule_from(manifest.schedule),
        sizes=manifest.sizes,
        defaults=manifest.defaults,
    )
    return settled(Model(bundle).recipe("").to_dict())


def settled(settings):
    """Without what differs between pictures and machines."""
    left_out = ("prompt", "seed", "engine", "version", "microbatch")
    return json.loads(json.dumps({name: value for name, value in settings.items() if name not in left_out}))


def test_something_is_published():
    assert EVALUATIONS


@pytest.mark.parametrize("name", checkpoint.shipped())
def test_every_model_that_ships_has_its_numbers(name):
    assert published_hash(name) == shipped_hash(name)
    assert published_hash("another") is None


@pytest.mark.parametrize("path", EVALUATIONS, ids=lambda path: path.stem)
def test_an_evaluation_is_of_the_settings_that_ship(path):
    """The hash of a model leaves its defaults out; other defaults draw other pictures."""
    known = checkpoint.read_manifest(checkpoint.find(path.stem))
    found = settled(json.loads(path.read_text("utf-8"))["settings"])
    assert found == settings_of(known)
    for change in (
        {"steps": 7},
        {"guidance": {"kind": "classifier-free", "scale": 2.25}},
        {"sampler": {"kind": "unipc"}},
    ):
        assert found != settings_of(dataclasses.replace(known, defaults={**known.defaults, **change}))


@pytest.mark.parametrize("path", EVALUATIONS, ids=lambda path: path.stem)
def test_copies_were_looked_for_everywhere_and_would_have_been_seen(path):
    copies = json.loads(path.read_text("utf-8"))["copies"]
    assert copies["planted_caught"] == copies["planted"] > 0
    assert copies["share_percent"] <= 2.0
    assert verdict(copies).startswith(("within", "open"))
    assert copies.get("not_searched", []) == []


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


def test_a_difference_is_shown_with_its_sign_and_the_command_with_its_seeds(published):
    [path] = [path for path in EVALUATIONS if path.stem == DEFAULT_MODEL]
    report = json.loads(path.read_text("utf-8")) | {"seeds": 4}
    kid = next(line for line in report["lines"] if line["measure"].startswith("KID") and line["part"] == "all")
    kid["difference"] = [12.5, 10.25, 14.75]
    lines = published.lines_of(report)
    assert "--split report --seeds 4 " in lines[0]
    assert lines[2].endswith("| x made / real, or made - real |")
    assert next(line for line in lines if line.startswith("| KID")).endswith("| +12.5 [+10.25, +14.75] |")
    assert lines[-1].endswith("| within 2 % |")
    report["copies"]["planted_caught"] -= 1
    assert published.lines_of(report)[-1].endswith("| not proven: planted copies missed |")
    del report["seeds"]
    assert "--split report --seeds 1 " in published.lines_of(report)[0]


@pytest.mark.parametrize("path", EVALUATIONS, ids=lambda path: path.stem)
def test_the_gallery_is_of_the_weights_that_ship(path):
    page = "gallery.md" if path.stem == DEFAULT_MODEL else f"gallery/{path.stem}.md"
    assert shipped_hash(path.stem) in (ROOT / "docs" / page).read_text("utf-8")


def test_the_sheet_is_of_a_model_that_ships():
    with Image.open(ROOT / "docs" / "sheet.png") as sheet:
        drawn = sheet.info["model_hash"]
    assert drawn in {shipped_hash(path.stem) for path in EVALUATIONS}
