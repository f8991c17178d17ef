"""Prompts and pictures as the towers see them, on vectors whose answer is known."""

import dataclasses

import numpy as np
import pytest

from sfumato.evaluate.agreement import agreement_lines, cosines, places
from sfumato.evaluate.ground import open_ground
from sfumato.text.score import load_score

PROMPTS = ["a", "b", "a", "c"]
TEXTS = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [-1.0, 0.0]], np.float32)


def test_each_picture_is_ranked_among_all_prompts():
    pictures = np.array([[1.0, 0.0], [0.8, 0.6], [0.28, 0.96], [0.6, 0.8]], np.float32)
    assert places(PROMPTS, TEXTS, pictures).tolist() == [0, 1, 1, 2]
    np.testing.assert_allclose(cosines(TEXTS, pictures), [1.0, 0.6, 0.28, -0.6], rtol=1e-6)


def test_a_tie_counts_against_the_picture_and_a_shared_prompt_once():
    level = np.full((4, 2), 0.0, np.float32)
    assert places(PROMPTS, TEXTS, level).tolist() == [2, 2, 2, 2]


@pytest.fixture(scope="module")
def ground(corpus, thumbnail, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    return open_ground(corpus, split="tune", features=thumbnail, cache=cache, report=lambda *_: None, limit=6)


def test_real_pictures_equal_themselves_and_beat_grey_ones(ground):
    score = load_score()
    same = {line.measure: line for line in agreement_lines(score, ground, ground.pictures)}
    assert len(same) == 3
    for line in same.values():
        assert line.made == line.real
    grey = dataclasses.replace(ground).pictures * 0 + 128
    worse = {line.measure: line for line in agreement_lines(score, ground, grey)}
    name = "cosine of prompt and picture by towers"
    assert worse[name].made.value < same[name].made.value - 0.1
    assert worse[name].against.value == pytest.approx(worse[name].made.value - worse[name].real.value)
