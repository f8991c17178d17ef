"""Guidance computed as written: w = 0 ignores the prompt, w = 1 follows it plainly, all between is linear."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from sfumato.conditioner import Conditioning
from sfumato.errors import RecipeError
from sfumato.guidance import ClassifierFree, Guidance
from sfumato.process.prediction import Prediction
from sfumato.process.schedule import Level

LEVEL = Level(0.5, 0.8, 0.6)
CONST = {"cond": 2.0, "null": -1.0}


def conditioning(word: str, b: int) -> Conditioning:
    return Conditioning(np.full((b, 4, 3), CONST[word]), np.ones((b, 4), bool), ((word,),) * b)


@dataclass
class Believer:
    """x0_hat = mean token + x_t / 10: a different answer for each half, and a log of how it was called."""

    calls: list[int] = field(default_factory=list)

    def __call__(self, x_t, level, cond, /):
        self.calls.append(len(x_t))
        return Prediction.from_x0(x_t, level, cond.tokens.mean(axis=(1, 2)).reshape(-1, 1, 1, 1) + 0.1 * x_t)


@pytest.fixture
def x_t():
    return np.random.default_rng(0).normal(size=(3, 2, 4, 4))


def guided(scale, x_t, **options):
    denoiser = Believer()
    guide = ClassifierFree(scale=scale, **options)
    assert isinstance(guide, Guidance)
    return guide(denoiser, x_t, LEVEL, conditioning("cond", len(x_t)), conditioning("null", len(x_t))), denoiser


@pytest.mark.parametrize("scale", [0.0, 0.5, 1.0, 4.0, -2.0])
def test_is_linear_in_the_scale(scale, x_t):
    prediction, _ = guided(scale, x_t)
    expected = CONST["null"] + scale * (CONST["cond"] - CONST["null"]) + 0.1 * x_t
    np.testing.assert_allclose(prediction.x0_hat, expected, atol=1e-12)


@pytest.mark.parametrize("scale", [0.0, 0.5, 1.0, 4.0])
@pytest.mark.parametrize("rescale", [0.0, 0.7])
def test_the_guided_belief_agrees_with_x_t(scale, rescale, x_t):
    p, _ = guided(scale, x_t, rescale=rescale)
    np.testing.assert_allclose(LEVEL.alpha * p.x0_hat + LEVEL.sigma * p.eps_hat, x_t, atol=1e-12)


def test_one_call_for_both_halves_and_half_a_call_where_one_has_no_say(x_t):
    assert guided(4.0, x_t)[1].calls == [6]
    assert guided(1.0, x_t)[1].calls == [3]
    assert guided(0.0, x_t)[1].calls == [3]


def test_outside_the_interval_the_prompt_speaks_alone(x_t):
    inside, _ = guided(4.0, x_t, interval=(0.4, 0.6))
    outside, denoiser = guided(4.0, x_t, interval=(0.6, 1.0))
    plain, _ = guided(1.0, x_t)
    np.testing.assert_array_equal(outside.x0_hat, plain.x0_hat)
    assert denoiser.calls == [3]
    assert np.abs(inside.x0_hat - plain.x0_hat).min() > 1.0


def test_full_rescale_restores_the_spread_of_the_conditional_belief(x_t):
    plain, _ = guided(4.0, x_t)
    rescaled, _ = guided(4.0, x_t, rescale=1.0)
    cond = rescaled.terms["cond"].x0_hat
    np.testing.assert_allclose(rescaled.x0_hat.std(axis=(1, 2, 3)), cond.std(axis=(1, 2, 3)), rtol=1e-12)
    assert rescaled.terms.keys() == plain.terms.keys() == {"cond", "null"}


@pytest.mark.parametrize(
    "options",
    [
        {"scale": float("nan")},
        {"scale": float("inf")},
        {"interval": (0.8, 0.2)},
        {"interval": (-0.1, 1.0)},
        {"rescale": 1.5},
    ],
)
def test_refuses_what_has_no_meaning(options):
    with pytest.raises(RecipeError, match="guidance"):
        ClassifierFree(**options)
