"""The classifier of styles against the best possible one, and on what it cannot know."""

import numpy as np
import pytest
from scipy.stats import norm

from sfumato.evaluate.styles import rooted, train_styles


def test_it_reaches_the_bayes_rate_of_two_gaussians():
    """Means m apart in Mahalanobis distance: the best classifier is right with probability Phi(m / 2)."""
    rng = np.random.default_rng(0)
    half = rng.normal(size=(6, 6))
    shift = half @ np.array([2.0, 0, 0, 0, 0, 0])
    labels = ["a", "b"] * 4000
    x = rng.normal(size=(8000, 6)) @ half.T + np.array([[0.0], [1.0]] * 4000) * shift
    classifier = train_styles(x[:4000], labels[:4000])
    right = np.mean(np.array(classifier(x[4000:])) == labels[4000:])
    assert right == pytest.approx(norm.cdf(1.0), abs=0.025)


def test_rare_styles_are_not_swallowed():
    """Priors are equal: a style with few pictures is named as often as it is asked for."""
    rng = np.random.default_rng(1)
    centres = {"common": 0.0, "rare": 4.0}
    labels = ["common"] * 2000 + ["rare"] * 30
    x = np.array([[centres[s], 0.0] for s in labels]) + rng.normal(size=(2030, 2))
    found = np.array(train_styles(x, labels)(x))
    assert np.mean(found[2000:] == "rare") > 0.9
    assert np.mean(found[:2000] == "common") > 0.9


def test_constant_features_do_not_break_it():
    x = np.zeros((10, 3))
    x[5:, 0] = 1.0
    classifier = train_styles(x, ["a"] * 5 + ["b"] * 5)
    assert classifier(x) == ["a"] * 5 + ["b"] * 5


def test_one_style_needs_no_classifier():
    assert train_styles(np.zeros((4, 2)), ["a"] * 4) is None


def test_the_root_keeps_signs():
    assert rooted(np.array([[4.0, 0.0, -9.0]])).tolist() == [[2.0, 0.0, -3.0]]
