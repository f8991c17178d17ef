"""Thresholding: what it does to numbers, that the belief stays one, and that a recipe carries it to the picture."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sfumato.errors import RecipeError
from sfumato.guidance import ClassifierFree
from sfumato.process.prediction import Prediction
from sfumato.process.schedules import Linear
from sfumato.samplers.base import Step
from sfumato.thresholding import Bounded, Dynamic, Static, bounded

X = np.random.default_rng(0).normal(size=(4, 3, 8, 8))


@pytest.fixture(params=[np.asarray, torch.from_numpy], ids=["numpy", "torch"])
def make(request):
    return request.param


def test_static_is_clipping(make):
    np.testing.assert_array_equal(np.asarray(Static(limit=0.5)(make(X))), np.clip(X, -0.5, 0.5))


def test_dynamic_clips_each_sample_at_its_own_quantile_and_brings_that_to_the_limit(make):
    scales = np.array([0.1, 0.3, 1.0, 5.0])[:, None, None, None]
    found = np.asarray(Dynamic(limit=1.0, ratio=0.9)(make(scales * X)))
    for sample, scaled in zip(found, scales * X, strict=True):
        s = max(1.0, np.quantile(abs(scaled), 0.9))
        np.testing.assert_allclose(sample, np.clip(scaled, -s, s) / s, rtol=1e-12)
    assert (found[0] == scales[0] * X[0]).all(), "within the limit nothing is touched"
    assert abs(found[3]).max() == 1.0
    assert (abs(found[3]) == 1.0).mean() == pytest.approx(0.1, abs=0.01)


def test_dynamic_by_another_library(make):
    """diffusers' own, which the paper's code became: sample_max_value is the most that s may be."""
    diffusers = pytest.importorskip("diffusers")
    scheduler = diffusers.DDIMScheduler(thresholding=True, dynamic_thresholding_ratio=0.95, sample_max_value=1e9)
    theirs = scheduler._threshold_sample(torch.from_numpy(3.0 * X)).numpy()
    np.testing.assert_allclose(np.asarray(Dynamic(ratio=0.95)(make(3.0 * X))), theirs, rtol=1e-6)


def test_the_belief_stays_one():
    level = Linear().at(700)
    belief = replace(Prediction.from_eps(X, level, 1.1 * X), terms={"cond": Prediction.from_eps(X, level, X)})
    within = Bounded(lambda *_: belief, Static(limit=2.0))(None, X, level, None, None)
    assert abs(belief.x0_hat).max() > 2.0 >= abs(within.x0_hat).max()
    np.testing.assert_allclose(level.alpha * within.x0_hat + level.sigma * within.eps_hat, X, atol=1e-12)
    assert within.terms is belief.terms


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kind": "static", "limit": 0.0}, "limit is 0.0; it must be a finite number above 0"),
        ({"kind": "dynamic", "limit": -1.0}, "limit is -1.0"),
        ({"kind": "dynamic", "ratio": 0.0}, "ratio is 0.0; it must lie in"),
        ({"kind": "dynamic", "ratio": 1.5}, "ratio is 1.5"),
        ({"kind": "statik"}, "did you mean 'static'"),
        ({"kind": "static", "ratio": 0.5}, "unknown key 'ratio'"),
    ],
)
def test_refuses_what_has_no_meaning(options, words):
    with pytest.raises(RecipeError, match=words):
        bounded(ClassifierFree(), options)


def test_it_reaches_the_picture_through_its_recipe(tiny_model):
    """x0_hat of every step keeps to it, the recipe carries it, and "none" is as if nothing had been said."""
    asked = {"steps": 4, "guidance": 5.0}
    recipe = tiny_model.recipe("a red apple", threshold="static:limit=0.25", **asked)
    assert recipe.threshold == {"kind": "static", "limit": 0.25}

    def largest(**more):
        events = tiny_model.trace("a red apple", **asked, **more)
        return [float(abs(event.prediction.x0_hat).max()) for event in events if isinstance(event, Step)]

    assert max(largest(threshold=recipe.threshold)) <= 0.25 < min(largest())
    assert tiny_model.draw([recipe])[0].pixels_sha256 != tiny_model.generate("a red apple", **asked)[0].pixels_sha256
    plain = tiny_model.recipe("a red apple", **asked)
    assert tiny_model.recipe("a red apple", threshold="none", **asked) == plain
    assert "threshold" not in plain.to_dict()
    with pytest.raises(RecipeError, match="threshold is 3; expected a name"):
        tiny_model.recipe("a red apple", threshold=3)
