"""Copies: a planted one is caught, of whatever seed, what is not copied is not, and the bound holds."""

import dataclasses
import math

import numpy as np
import pytest
from scipy.stats import beta, binom

from sfumato.evaluate import copies
from sfumato.evaluate.copies import Copies, divergence, find_copies, nearest, thumbnails, unsearched, upper_bound
from sfumato.evaluate.ground import open_ground


@pytest.fixture(scope="module")
def ground(corpus, thumbnail, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    return open_ground(corpus, split="val", features=thumbnail, cache=cache, report=lambda *_: None)


def test_planted_copies_are_caught(ground):
    made = np.stack([255 - ground.pictures] * 2)
    made[0, 3] = ground.train_picture(11)
    made[1, 7] = (ground.train_picture(50) * 0.99).astype(np.uint8)
    found = find_copies(ground, made)
    assert found.nearest[0, 3] == 11
    assert found.nearest[1, 7] == 50
    assert np.argwhere(found.below).tolist() == [[0, 3], [1, 7]]
    assert found.planted == found.caught == 20
    facts = found.to_dict()
    assert (facts["below"], facts["outputs"]) == (2, 80)
    assert facts["upper_bound_percent"] > facts["share_percent"] == 2.5
    assert facts["verdict"] == "above 2 %"


def test_a_blind_ruler_is_seen_by_its_planted_copies(ground, monkeypatch):
    """Distances between noises find no copy, and the report says that they find none."""
    draws = np.random.default_rng(0)
    monkeypatch.setattr(copies, "thumbnails", lambda pictures: draws.normal(size=(len(pictures), 48)).astype("f4"))
    found = find_copies(ground, 255 - ground.pictures[None])
    assert found.caught < 5
    assert found.to_dict()["verdict"] == "not proven: planted copies missed"


@pytest.mark.parametrize(
    ("below", "outputs", "caught", "verdict"),
    [
        (0, 423, 20, "within 2 %"),
        (0, 423, 19, "not proven: planted copies missed"),
        (9, 423, 20, "above 2 %"),
        (9, 423, 19, "not proven: planted copies missed"),
        (2, 423, 20, "within 2 %"),
        (3, 423, 20, "open: the bound is above 2 %"),
        (6, 423, 20, "open: the bound is above 2 %"),
        (0, 12, 20, "open: the bound is above 2 %"),
        (0, 12, 0, "not proven: planted copies missed"),
    ],
)
def test_the_verdict(below, outputs, caught, verdict):
    """Within 2 % only where the bound is, and never where a planted copy was missed."""
    distance = np.where(np.arange(outputs) < below, 1.0, 9.0)[None]
    found = Copies(np.zeros((1, outputs), np.int64), distance, threshold=5.0, planted=20, caught=caught)
    assert found.to_dict()["verdict"] == verdict


def test_corpora_that_nobody_searched_are_named():
    card = {"data": [{"name": "glyphs", "key": "aa-train-128-rgba"}, {"name": "clipart", "key": "bb-train-64-0f-rgba"}]}
    assert unsearched(card, ["aa-train-128", "bb-train-128"]) == []
    assert unsearched(card, ["aa-train-128"]) == ["clipart"]
    assert unsearched(card, ["aa11", "bb22"]) == [], "whole contents, of which keys are the beginnings"
    assert unsearched({"data": [{"name": "mine", "key": ""}, {"name": "yours"}]}, ["aa11"]) == ["mine", "yours"]
    assert unsearched({}, ["aa-train-128"]) == unsearched({"data": "mine"}, []) == []


def test_real_pictures_leave_out_their_own_pair(ground):
    """Where train holds the very pair, the threshold is that of other pairs, and not zero."""
    changes = {
        "train_rows": [*ground.train_rows, *ground.rows],
        "train": np.concatenate([ground.train, ground.real]),
        "train_pictures": [*ground.train_pictures, ground.pictures],
    }
    found = find_copies(dataclasses.replace(ground, **changes), ground.pictures[None])
    assert found.threshold > 0.0
    assert found.distance.max() == 0.0
    assert found.below.all()


def test_distances_are_levels_of_grey():
    """A picture that is 10 levels darker everywhere is 10 away; noise of single pixels hardly counts."""
    picture = np.full((1, 128, 128, 3), 100, np.uint8)
    near = thumbnails(np.concatenate([picture, picture - 10]))
    assert np.linalg.norm(near[0] - near[1]) == pytest.approx(10.0)
    noisy = picture + np.random.default_rng(0).integers(-20, 21, picture.shape).astype(np.int8).astype(np.uint8)
    assert np.linalg.norm(thumbnails(noisy)[0] - near[0]) < 2.0


def test_nearest_is_nearest():
    rng = np.random.default_rng(0)
    x, train = rng.normal(size=(300, 8)).astype(np.float32), rng.normal(size=(500, 8)).astype(np.float32)
    far = np.linalg.norm(x[:, None].astype(float) - train[None], axis=-1)
    found, distance = nearest(x, train)
    assert np.array_equal(found, far.argmin(axis=1))
    np.testing.assert_allclose(distance, far.min(axis=1), rtol=1e-12)
    second, _ = nearest(x, train, [[k] for k in found])
    far[np.arange(300), found] = np.inf
    assert np.array_equal(second, far.argmin(axis=1))


@pytest.mark.parametrize(("hits", "n"), [(0, 400), (1, 400), (7, 90), (89, 90), (90, 90)])
def test_the_bound_is_that_of_clopper_and_pearson_or_above(hits, n):
    """Of single outputs theirs is exact; without a hit both are the same."""
    exact = 1.0 if hits == n else float(beta.ppf(0.95, hits + 1, n - hits))
    found = upper_bound(hits / n, n)
    if hits in (0, n):
        assert found == pytest.approx(exact, abs=1e-9)
    else:
        assert exact < found < exact + 3.0 / n
        assert n * divergence(hits / n, found) == pytest.approx(-math.log(0.05), rel=1e-6)


@pytest.mark.parametrize("alike", [False, True])
@pytest.mark.parametrize("p", [0.004, 0.02, 0.3])
def test_the_bound_holds_however_alike_the_seeds_of_a_prompt_are(p, alike):
    """Of 423 prompts with 4 seeds each: all four hit or none, or each by itself. Computed, not drawn."""
    n, seeds = 423, 1 if alike else 4
    hits = np.arange(n * seeds + 1)
    chance = binom.pmf(hits, n * seeds, p)
    likely = np.flatnonzero(chance > 1e-12)
    missed = sum(chance[k] for k in likely if upper_bound(float(hits[k]) / (n * seeds), n) < p)
    assert missed <= 0.05
    naive = sum(chance[k] for k in likely if upper_bound(float(hits[k]) / (n * seeds), 4 * n) < p)
    assert naive > missed, "a bound that took every seed for independent would be missed more often"
