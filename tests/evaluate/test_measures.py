"""The whole table on a small corpus: a copy of the truth scores as the truth, noise does not."""

import json

import numpy as np
import pytest

from sfumato.errors import CorpusError
from sfumato.evaluate.ground import corpus_at, open_ground
from sfumato.evaluate.measures import KID, measure


@pytest.fixture(scope="module")
def ground(corpus, thumbnail, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    return open_ground(corpus, split="val", features=thumbnail, cache=cache, report=lambda *_: None)


def line(lines, name, part="all"):
    return next(found for found in lines if found.measure.startswith(name) and found.part == part)


def test_rows_pictures_and_features_belong_together(ground, thumbnail):
    assert len(ground.rows) == len(ground.pictures) == len(ground.real) == len(ground.floor) == 40
    assert np.array_equal(thumbnail(ground.pictures), ground.real)
    assert {row.split for row in ground.rows} == {"val"}
    assert ground.main == len(ground.train_rows) == len(ground.train)
    assert ground.prompts[0] == f"{ground.rows[0].caption}, {ground.rows[0].style_phrase}"


def test_real_pictures_score_as_themselves(ground):
    lines = measure(ground, ground.real)
    assert line(lines, KID).made.value == pytest.approx(0.0, abs=1e-9)
    for name in ("concept among", "style accuracy"):
        assert line(lines, name).against.value == pytest.approx(1.0)
        assert line(lines, name).verdict == ""


def test_noise_is_worse_and_nothing_is_found(ground):
    noise = np.random.default_rng(0).normal(size=ground.real.shape).astype(np.float32) * 3
    lines = measure(ground, noise)
    assert line(lines, KID).verdict == "worse"
    assert line(lines, KID).made.low > line(lines, KID).real.high
    assert line(lines, "concept among 40, top-1").made.value < line(lines, "concept among 40, top-1").real.value


def test_every_style_has_its_line_and_every_line_is_json(ground):
    lines = measure(ground, ground.real + 0.1)
    styles = {row.style for row in ground.rows}
    assert {f"style {s}" for s in styles} | {"all", "fluent", "rest"} <= {x.part for x in lines if x.measure == KID}
    json.dumps([x.to_dict() for x in lines], allow_nan=False)


def test_a_limit_keeps_the_first_rows(corpus, thumbnail, ground, tmp_path):
    few = open_ground(corpus, split="val", features=thumbnail, cache=tmp_path, report=lambda *_: None, limit=7)
    assert [row.id for row in few.rows] == [row.id for row in ground.rows[:7]]
    assert np.array_equal(few.real, ground.real[:7])


def test_further_corpora_come_after_the_main_one(corpus, thumbnail, ground, tmp_path):
    more = open_ground(
        corpus, split="val", features=thumbnail, cache=tmp_path, report=lambda *_: None, limit=7, further=[corpus]
    )
    assert more.main == ground.main
    assert len(more.train) == len(more.train_rows) == 2 * ground.main


def test_a_corpus_is_named_as_a_user_names_it(corpus, tmp_path, monkeypatch):
    assert corpus_at(corpus) == corpus == corpus_at(corpus.parent)
    assert corpus_at(tmp_path) == tmp_path
    monkeypatch.setenv("SFUMATO_DATA", str(corpus.parent))
    assert corpus_at(None) == corpus
    with pytest.raises(CorpusError, match="no corpus"):
        corpus_at(tmp_path / "absent")
