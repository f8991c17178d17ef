"""The whole table on a small corpus: a copy of the truth scores as the truth, noise does not."""

import json

import numpy as np
import pytest

from sfumato.errors import CorpusError
from sfumato.evaluate.frechet import frechet
from sfumato.evaluate.ground import corpus_at, open_ground
from sfumato.evaluate.interval import groups_of, jackknife, of_share
from sfumato.evaluate.kid import kid
from sfumato.evaluate.measures import FD, KID, measure
from sfumato.evaluate.styles import rooted, train_styles


@pytest.fixture(scope="module")
def ground(corpus, thumbnail, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    return open_ground(corpus, split="val", features=thumbnail, cache=cache, report=lambda *_: None)


def line(lines, name, part="all"):
    return next(found for found in lines if found.measure.startswith(name) and found.part == part)


def seeds_near(ground, count, spread=0.2):
    """The features of real pictures, moved at random: as many times as there are seeds."""
    draw = np.random.default_rng(7).normal(size=(count, *ground.real.shape))
    return (ground.real + spread * draw).astype(np.float32)


OF_SEEDS = (KID, FD, "style accuracy")
"""The measures that are means over seeds."""


def test_rows_pictures_and_features_belong_together(ground, thumbnail):
    assert len(ground.rows) == len(ground.pictures) == len(ground.real) == len(ground.floor) == 40
    assert np.array_equal(thumbnail(ground.pictures), ground.real)
    assert {row.split for row in ground.rows} == {"val"}
    assert ground.main == len(ground.train_rows) == len(ground.train)
    assert ground.prompts[0] == f"{ground.rows[0].caption}, {ground.rows[0].style_phrase}"


def test_real_pictures_score_as_themselves(ground):
    lines = measure(ground, ground.real[None])
    assert line(lines, KID).made.value == pytest.approx(0.0, abs=1e-9)
    for name in ("concept among", "style accuracy"):
        assert line(lines, name).against.value == pytest.approx(1.0)
        assert line(lines, name).verdict == ""


def test_noise_is_worse_and_nothing_is_found(ground):
    noise = np.random.default_rng(0).normal(size=ground.real.shape).astype(np.float32) * 3
    lines = measure(ground, noise[None])
    assert line(lines, KID).verdict == "worse"
    assert line(lines, KID).made.low > line(lines, KID).real.high
    assert line(lines, "concept among 40, top-1").made.value < line(lines, "concept among 40, top-1").real.value


def test_every_style_has_its_line_and_every_line_is_json(ground):
    lines = measure(ground, ground.real[None] + 0.1)
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


def test_one_seed_is_measured_as_ever(ground):
    """Each number and each end of an interval, to the last bit."""
    made = seeds_near(ground, 1)
    lines = measure(ground, made)
    assert line(lines, KID).made == kid(made[0], ground.real, ground.families, ground.counts)[0].times(1e3)
    group = groups_of(ground.families)
    without = [frechet(made[0][group != g], ground.real[group != g]) for g in range(group.max() + 1)]
    assert line(lines, FD).made == jackknife(frechet(made[0], ground.real), np.array(without))
    names = train_styles(rooted(ground.train), [row.style for row in ground.train_rows])(rooted(made[0]))
    hits = 100.0 * np.array([name == row.style for name, row in zip(names, ground.rows, strict=True)])
    assert line(lines, "style accuracy").made == of_share(hits, ground.counts, 100.0)
    assert line(lines, KID).pictures == line(lines, FD).pictures == line(lines, "style accuracy").pictures == 40


def test_seeds_that_are_copies_of_one_add_nothing(ground):
    made = seeds_near(ground, 1)
    once, thrice = measure(ground, made), measure(ground, np.repeat(made, 3, axis=0))
    for one, three in zip(once, thrice, strict=True):
        for a, b in ((one.made, three.made), (one.against, three.against)):
            assert (b.value, b.low, b.high) == pytest.approx((a.value, a.low, a.high), rel=1e-9, abs=1e-9, nan_ok=True)
        assert three.pictures == one.pictures * (3 if one.measure.startswith(OF_SEEDS) else 1)


def test_seeds_give_the_mean_of_evaluations_of_each(ground):
    """In every part; each seed is compared with the same real pictures."""
    made = seeds_near(ground, 3)
    together, apart = measure(ground, made), [measure(ground, seed[None]) for seed in made]
    for k, found in enumerate(together):
        if found.measure.startswith(OF_SEEDS):
            assert found.made.value == pytest.approx(np.mean([lines[k].made.value for lines in apart]), rel=1e-9)
        else:
            assert found == apart[0][k]
    assert len({lines[0].made.value for lines in apart}) == 3


@pytest.mark.parametrize("name", OF_SEEDS)
def test_independent_seeds_narrow_the_interval(ground, name):
    made = seeds_near(ground, 8, spread=1.0)
    one, many = (line(measure(ground, seeds), name).made for seeds in (made[:1], made))
    assert many.high - many.low < 0.8 * (one.high - one.low)
