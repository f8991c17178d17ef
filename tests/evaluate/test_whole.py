"""An evaluation from end to end with a tiny model: what is drawn, what is written, what the page shows."""

import dataclasses
import json
from html.parser import HTMLParser

import numpy as np
import pytest

from sfumato.errors import OutputError
from sfumato.evaluate.copies import nearest, thumbnails
from sfumato.evaluate.drawing import pixels
from sfumato.evaluate.features import SIZE
from sfumato.evaluate.ground import open_ground
from sfumato.evaluate.page import page
from sfumato.evaluate.report import document, write
from sfumato.evaluate.whole import evaluate, further_recipes, listening, recipes_of
from sfumato.provenance.files import read


@pytest.fixture(scope="module")
def ground(corpus, thumbnail, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    return open_ground(corpus, split="tune", features=thumbnail, cache=cache, report=lambda *_: None, limit=5)


@pytest.fixture(scope="module")
def done(ground, tiny_model, thumbnail, tmp_path_factory):
    """(the evaluation, its document, its folder)."""
    out = tmp_path_factory.mktemp("out")
    recipes = recipes_of(tiny_model, ground, {"steps": 2})
    found = evaluate(tiny_model, ground, thumbnail, recipes, out, seeds=3, report=lambda *_: None)
    report = document(tiny_model, ground, found, out / "pictures")
    write(out, report, ground, found)
    return found, report, out


def test_prompt_k_has_seed_k(done, ground):
    found, report, out = done
    for k, (recipe, entry) in enumerate(zip(found.recipes, report["pictures"], strict=True)):
        assert (recipe.seed, recipe.prompt) == (k, ground.prompts[k])
        assert read(out / entry["file"])[0].recipe == recipe
        assert entry["row"] == ground.rows[k].id


def test_further_seeds_are_of_their_own_prompt(done, ground):
    _, _, out = done
    drawn = [read(path)[0].recipe for path in sorted((out / "seeds").glob("*.png"))]
    assert [recipe.prompt for recipe in drawn] == [prompt for prompt in ground.prompts for _ in range(2)]
    assert [recipe.seed % 1_000_000 for recipe in drawn] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


def test_every_output_has_its_nearest_train_picture(done, ground):
    """Also of further seeds: each file has the distance of its own pixels, and the seed that it was drawn with."""
    _, report, out = done
    train = thumbnails(np.concatenate(list(ground.train_pictures)))
    entries = report["pictures"] + report["further"]
    _, distance = nearest(thumbnails(pixels([out / entry["file"] for entry in entries], SIZE)), train)
    np.testing.assert_allclose([entry["distance"] for entry in entries], distance, atol=1e-4)
    assert [read(out / entry["file"])[0].recipe.seed for entry in entries] == [entry["seed"] for entry in entries]
    assert len({entry["seed"] for entry in entries}) == len(entries) == 15


def test_every_prompt_has_its_seeds(done, tiny_model):
    """However many prompts there are; further seeds count in KID, FD and style accuracy, in all and in each style."""
    found, report, out = done
    many = [tiny_model.recipe("a cat", seed=k) for k in range(120)]
    assert [recipe.seed for recipe in further_recipes(many, 3)] == [
        k + s * 1_000_000 for k in range(120) for s in (1, 2)
    ]
    assert report["seeds"] == 3
    for line in found.lines:
        if line.measure.startswith(("KID", "FD", "style accuracy")) and line.part == "all":
            assert line.pictures == 15
    assert sum(line.pictures for line in found.lines if line.measure.startswith("KID") and "style" in line.part) == 15
    assert "2 more of each" in (out / "index.html").read_text("utf-8")


def test_every_measure_is_there(done):
    measures = {line.measure for line in done[0].lines}
    for name in (
        "KID-EffLite0 x 1000", "FD-EffLite0", "precision, %", "recall, %", "density", "coverage, %",
        "style accuracy, %", "distance between 3 seeds of a prompt", "another caption costs, % of the loss",
        "concept among 5, top-1, %", "concept among 5, top-5, %",
        "cosine of prompt and picture by towers", "own prompt among 5 by towers, top-5, %",
    ):  # fmt: skip
        assert name in measures


def test_the_document_is_whole_json(done):
    _, report, out = done
    assert json.loads((out / "evaluation.json").read_text("utf-8")) == json.loads(json.dumps(report, allow_nan=False))
    assert report["settings"]["steps"] == 2
    assert "prompt" not in report["settings"]
    assert report["rows"] == 5
    assert report["copies"]["outputs"] == 15, "every output is searched"
    assert report["copies"]["verdict"] == "open: the bound is above 2 %"
    assert report["copies"]["not_searched"] == []
    assert report["cost"]["evaluations_per_picture"] == 4


class Reader(HTMLParser):
    """Counts tags, and keeps what pictures and links point to."""

    def __init__(self):
        super().__init__()
        self.tags, self.sources, self.open = [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.sources += [value for name, value in attributes if name in ("src", "href")]
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in self.open:
            while self.open.pop() != tag:
                pass


def test_the_page_shows_every_picture_and_needs_nothing_else(done):
    _, report, out = done
    reader = Reader()
    reader.feed((out / "index.html").read_text("utf-8"))
    assert reader.open == []
    assert reader.tags.count("figure") == 15 + 5, "the closest of all outputs; then the first seed's, by styles"
    assert len(reader.sources) == 40
    assert all(source.startswith("data:image/webp;base64,") for source in reader.sources)
    assert reader.tags.count("tr") == 1 + len(report["lines"])


def test_captions_cannot_break_the_page(done, ground):
    found, report, _ = done
    rows = [dataclasses.replace(row, caption="<script>alert(1)</script>", style="<b>") for row in ground.rows]
    text = page(report | {"model": "<i>"}, dataclasses.replace(ground, rows=rows), found.pictures, found.copies)
    assert "<script>" not in text
    assert "<b>" not in text
    assert "<i>" not in text


def test_nothing_is_listened_to_in_sizes_that_are_not_square(tiny_model, ground):
    assert listening(tiny_model, ground, (48, 32)) is None
    assert np.isfinite(listening(tiny_model, ground, (32, 32)).made.value)


def test_a_folder_that_cannot_be_written(done, ground, tmp_path):
    found, report, _ = done
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="--out"):
        write(tmp_path / "file" / "out", report, ground, found)
