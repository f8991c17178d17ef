"""From prompt to picture: events in order, padding that nobody sees, settings refused, and no torch needed."""

import subprocess
import sys
import textwrap
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from sfumato.autoencoder import Pixels
from sfumato.conditioner import Conditioning
from sfumato.errors import RecipeError
from sfumato.pipeline import Bundle, Decoded, Encoded, generate, trace
from sfumato.process.oracle_gaussian import Gaussian
from sfumato.process.rectified import Rectified
from sfumato.recipe import Recipe
from sfumato.samplers.base import Step


class Words:
    """A conditioner that counts its calls: the token of a prompt is its length."""

    def __init__(self):
        self.asked = []

    def __call__(self, prompts, /):
        self.asked.append(list(prompts))
        tokens = np.array([[[float(len(prompt))]] for prompt in prompts])
        return Conditioning(tokens, np.ones((len(prompts), 1), bool), tuple((prompt,) for prompt in prompts))


class Believer:
    """A Gaussian oracle whose mean is the prompt's length / 10; it remembers the batches that it saw."""

    def __init__(self):
        self.batches = []

    def __call__(self, x_t, level, cond, /):
        self.batches.append(len(x_t))
        oracles = [Gaussian(np.full((3, 8, 8), token.item() / 10), np.full((3, 8, 8), 0.1)) for token in cond.tokens]
        parts = [oracle(x_t[k : k + 1], level) for k, oracle in enumerate(oracles)]
        x0_hat, eps_hat = (np.concatenate([getattr(p, name) for p in parts]) for name in ("x0_hat", "eps_hat"))
        return replace(parts[0], x_t=x_t, x0_hat=x0_hat, eps_hat=eps_hat)


@pytest.fixture
def bundle():
    return Bundle(
        name="oracle",
        model_hash="0" * 64,
        conditioner=Words(),
        denoiser=Believer(),
        autoencoder=Pixels(),
        schedule=Rectified(),
        sizes=((8, 8),),
    )


def recipe(**changes):
    entries = {
        "prompt": "apple",
        "model": "oracle",
        "model_hash": "0" * 64,
        "size": (8, 8),
        "steps": 6,
        "grid": "trailing",
        "sampler": {"kind": "ddim"},
        "guidance": {"kind": "classifier-free", "scale": 1.0},
    }
    return Recipe(**(entries | changes))


def test_the_events_come_in_order(bundle):
    events = list(trace(bundle, recipe()))
    assert isinstance(events[0], Encoded)
    assert [e.i for e in events[1:-1] if isinstance(e, Step)] == list(range(6))
    assert isinstance(events[-1], Decoded)
    assert events[0].levels[0].t == 1.0
    assert events[0].levels[-1].sigma == 0.0
    for before, after in pairwise(events[1:-1]):
        np.testing.assert_array_equal(before.x_next, after.prediction.x_t)
    np.testing.assert_array_equal(events[-2].x_next, events[-1].latent)


def test_the_picture_is_what_the_oracle_believes(bundle):
    image = generate(bundle, recipe(prompt="apple", steps=50))
    assert image.shape == (1, 3, 8, 8)
    assert abs(float(image.mean()) - 0.5) < 0.05


def test_guidance_extrapolates_and_negative_prompts_repel(bundle):
    plain, guided = (
        float(generate(bundle, recipe(guidance={"kind": "classifier-free", "scale": w})).mean()) for w in (1.0, 2.0)
    )
    assert guided > plain + 0.3
    away = float(
        generate(bundle, recipe(negative="apples ", guidance={"kind": "classifier-free", "scale": 2.0})).mean()
    )
    assert away < guided - 0.3


@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_every_call_has_one_batch_and_padding_is_not_seen(bundle, scale):
    settings = {"microbatch": 4, "guidance": {"kind": "classifier-free", "scale": scale}, "sampler": {"kind": "heun"}}
    some = [recipe(prompt=p, seed=s, **settings) for p, s in (("a", 1), ("bcd", 2))]
    events = list(trace(bundle, *some))
    assert set(bundle.denoiser.batches) == ({4} if scale == 1.0 else {8})
    for event in events:
        if isinstance(event, Step):
            beliefs = [event.prediction, *event.prediction.terms.values(), *event.extra]
            assert {len(b.x_t) for b in beliefs} | {len(b.x0_hat) for b in beliefs} | {len(event.x_next)} == {2}
    assert len(events[-1].image) == 2


def test_a_sample_does_not_depend_on_its_company(bundle):
    recipes = [recipe(prompt="a" * k, seed=k, microbatch=3, sampler={"kind": "ddim", "eta": 1.0}) for k in range(3)]
    together = generate(bundle, *recipes)
    for k, one in enumerate(recipes):
        np.testing.assert_array_equal(generate(bundle, one)[0], together[k])
    np.testing.assert_array_equal(generate(bundle, *reversed(recipes))[::-1], together)


def test_prompts_are_encoded_one_by_one_and_once(bundle):
    list(trace(bundle, *(recipe(prompt="cat", seed=k, microbatch=3) for k in range(3))))
    assert bundle.conditioner.asked == [["cat"], [""]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"steps": 1001}, "steps is 1001; the schedule of 'oracle' has 1..1000"),
        ({"size": (16, 8)}, "size 16x8 is not supported by 'oracle'; it draws 8x8"),
        ({"grid": "trialing"}, "did you mean 'trailing'"),
        ({"sampler": {"kind": "dimm"}}, "did you mean 'ddim'"),
        ({"sampler": {"kind": "ddim", "etha": 1}}, "did you mean 'eta'"),
        ({"guidance": {"kind": "cfg"}}, "unknown guidance 'cfg'"),
        ({"model_hash": "1" * 64}, "load the model that the recipe names"),
        ({"dtype": "bfloat16"}, "load the model that the recipe names"),
    ],
)
def test_what_the_model_cannot_do_is_refused_before_any_work(bundle, change, words):
    with pytest.raises(RecipeError, match=words):
        next(trace(bundle, recipe(**change)))
    assert bundle.conditioner.asked == []


def test_recipes_that_do_not_fit_together(bundle):
    with pytest.raises(RecipeError, match="no recipe"):
        next(trace(bundle))
    with pytest.raises(RecipeError, match="differ in more than prompt and seed"):
        next(trace(bundle, recipe(microbatch=2), recipe(microbatch=2, steps=7)))
    with pytest.raises(RecipeError, match="2 recipes for a batch of 1"):
        next(trace(bundle, recipe(), recipe(seed=1)))


def test_steps_up_to_T(bundle):
    assert len(list(trace(bundle, recipe(steps=1000)))) == 1002


WITHOUT_TORCH = """
    import sys
    sys.modules["torch"] = None          # import torch raises ImportError now
    import sfumato.types, sfumato.rng, sfumato.recipe, sfumato.conditioner, sfumato.guidance, sfumato.pipeline
    import sfumato.samplers, sfumato.process.schedules, sfumato.process.oracle, sfumato.process.forward
    import numpy as np
    from test_pipeline import Believer, Words, recipe
    from sfumato.autoencoder import Pixels
    from sfumato.pipeline import Bundle, generate
    from sfumato.process.rectified import Rectified
    from sfumato.samplers import SAMPLERS
    for kind in SAMPLERS:
        parts = {"conditioner": Words(), "denoiser": Believer(), "autoencoder": Pixels(), "schedule": Rectified()}
        bundle = Bundle(name="oracle", model_hash="0" * 64, sizes=((8, 8),), **parts)
        image = generate(bundle, recipe(sampler={"kind": kind}, steps=12, grid="karras"))
        assert image.shape == (1, 3, 8, 8) and np.isfinite(image).all(), kind
    assert sys.modules["torch"] is None
    print("drawn", len(SAMPLERS))
"""


def test_everything_but_the_networks_runs_without_torch():
    path = __file__.rpartition("/")[0]
    script = f"import sys; sys.path.insert(0, {path!r})\n" + textwrap.dedent(WITHOUT_TORCH)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("drawn ")
