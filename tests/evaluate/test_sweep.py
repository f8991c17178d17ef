"""A sweep of guidance: the same prompts and seeds at each scale, measured as the evaluation measures."""

import json

import numpy as np
import pytest

from sfumato.errors import RecipeError
from sfumato.evaluate.drawing import cost
from sfumato.evaluate.ground import open_ground
from sfumato.evaluate.interval import of_share
from sfumato.evaluate.report import document, write
from sfumato.evaluate.retrieval import search_of
from sfumato.evaluate.styles import rooted, train_styles
from sfumato.evaluate.sweep import SCALES, Sweep, first, repeated
from sfumato.evaluate.sweep_table import sweep_heads, sweep_rows
from sfumato.evaluate.whole import evaluate, recipes_of
from sfumato.provenance.files import read
from sfumato.text.score import load_score

MEASURES = (
    "concept among", "concept among", "style accuracy", "cosine of prompt", "distance between 2 seeds", "KID",
)  # fmt: skip


@pytest.fixture(scope="module")
def ground(corpus, thumbnail, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    return open_ground(corpus, split="val", features=thumbnail, cache=cache, report=lambda *_: None)


@pytest.fixture(scope="module")
def sweep(ground, thumbnail):
    return Sweep(ground=ground, features=thumbnail, score=load_score(), prompts=4, seeds=2)


@pytest.fixture(scope="module")
def done(sweep, tiny_model, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    return sweep(tiny_model, {"steps": 2, "guidance": 3.0}, out, lambda *_: None), out


def test_every_scale_draws_the_same_prompts_and_seeds(done, ground):
    points, out = done
    assert [point.scale for point in points] == list(SCALES) == [0.0, 1.0, 2.0, 4.0, 7.5, 12.5]
    for scale in SCALES:
        recipes = [read(path)[0].recipe for path in sorted((out / "sweep" / f"w-{scale:g}").glob("*.png"))]
        assert [recipe.guidance["scale"] for recipe in recipes] == [scale] * 8
        assert [recipe.prompt for recipe in recipes] == [prompt for prompt in ground.prompts[:4] for _ in range(2)]
        assert [recipe.seed for recipe in recipes] == [0, 1_000_000, 1, 1_000_001, 2, 1_000_002, 3, 1_000_003]
    assert cost(out / "sweep" / "w-1")["evaluations"] == 8 * 2
    assert cost(out / "sweep" / "w-4")["evaluations"] == 8 * 4


def test_it_goes_on_where_it_was(done, sweep, tiny_model):
    points, out = done
    (out / "sweep" / "w-2" / "0003.png").unlink()
    again = sweep(tiny_model, {"steps": 2}, out, lambda *_: None)
    assert [point.to_dict() for point in again] == [point.to_dict() for point in points]
    assert cost(out / "sweep" / "w-2")["pictures"] == 9
    assert cost(out / "sweep" / "w-1")["pictures"] == 8


def test_every_measure_is_there(done):
    for point in done[0]:
        assert len(point.lines) == len(MEASURES)
        assert all(line.measure.startswith(name) for line, name in zip(point.lines, MEASURES, strict=True))
        assert point.shown.shape == (4, 128, 128, 3)
    values = [point.lines[4].made.value for point in done[0]]
    assert len(set(values)) == len(SCALES), "diversity depends on w"


def test_real_pictures_score_as_themselves_and_have_no_diversity(ground, sweep, thumbnail):
    few = first(ground, 4)
    classifier = train_styles(rooted(few.train), [row.style for row in few.train_rows])
    whole = repeated(few, 2)
    lines = sweep.measured(whole, whole.pictures, classifier)
    for line in lines[:3]:
        assert line.made == line.real
    assert lines[3].against.value == pytest.approx(0.0, abs=1e-6)
    assert lines[4].made.value == pytest.approx(0.0, abs=1e-3)
    assert lines[5].made.value == pytest.approx(0.0, abs=1e-6)


def test_concepts_are_looked_for_among_those_of_all_rows(ground, sweep):
    search, whole = sweep.search(4), search_of(ground.rows, ground.train_rows)
    assert search.size == whole.size > 4
    kept = whole.queries[whole.queries < 4]
    assert (search.queries // 2).tolist() == [q for q in kept for _ in range(2)]
    assert (search.queries % 2).tolist() == [0, 1] * len(kept)
    assert search.targets.tolist() == [t for t in whole.targets[whole.queries < 4] for _ in range(2)]
    assert search.styles == tuple(ground.rows[q // 2].style for q in search.queries)


def test_drawing_each_prompt_twice_does_not_narrow_an_interval(ground):
    hits = 100.0 * (np.arange(len(ground.rows)) % 3 == 0)
    once, twice = of_share(hits, ground.counts, 100.0), of_share(np.repeat(hits, 2), repeated(ground, 2).counts, 100.0)
    assert (twice.low, twice.high) == pytest.approx((once.low, once.high))


def test_table_document_and_page(done, ground, tiny_model, thumbnail, tmp_path):
    points, _ = done
    few = first(ground, 4)
    found = evaluate(
        tiny_model, few, thumbnail, recipes_of(tiny_model, few, {"steps": 2}), tmp_path, seeds=1, report=lambda *_: None
    )
    report = document(tiny_model, few, found, tmp_path / "pictures", points)
    write(tmp_path, report, few, found, points)
    stored = json.loads((tmp_path / "evaluation.json").read_text("utf-8"))
    assert [point["scale"] for point in stored["sweep"]] == list(SCALES)
    rows = sweep_rows(stored["sweep"])
    assert sweep_heads(stored["sweep"])[0] == "w"
    assert [row[0] for row in rows] == ["0", "1", "2", "4", "7.5", "12.5", "real"]
    assert len({len(row) for row in rows}) == 1
    text = (tmp_path / "index.html").read_text("utf-8")
    assert "Guidance: adherence against diversity" in text
    assert text.count("<img") == 2 * 4 * 2 + 4 * 6
    plain = document(tiny_model, few, found, tmp_path / "pictures")
    assert "sweep" not in plain


@pytest.mark.parametrize("changes", [{"seeds": 1}, {"prompts": 1}])
def test_one_of_a_kind_has_no_diversity(ground, thumbnail, changes):
    with pytest.raises(RecipeError, match="both must be at least 2"):
        Sweep(ground=ground, features=thumbnail, score=load_score(), **changes)
