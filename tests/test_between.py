"""Between two prompts and two seeds: noise keeps its spread, ends are what they are alone, texts mix evenly."""

import numpy as np
import pytest
import torch

from sfumato import rng
from sfumato.between import BetweenNoise, between_prompts, slerp
from sfumato.conditioner import Conditioning
from sfumato.errors import RecipeError

SHAPE = (8, 32, 32)
SHARES = (0.0, 0.1, 0.5, 0.75, 1.0)


def noises(one=1, other=2):
    return (rng.normal(seed, SHAPE, stream=rng.INITIAL) for seed in (one, other))


@pytest.mark.parametrize("share", SHARES)
def test_what_lies_between_two_noises_is_noise(share):
    """Mean 0 and variance 1 within 4 standard errors of 8192 numbers; a straight line has 0.5 in the middle."""
    a, b = noises()
    mixed = slerp(a, b, share).astype(float)
    assert abs(mixed.mean()) < 4 / 8192**0.5
    assert abs(mixed.var() - 1.0) < 4 * (2 / 8192) ** 0.5
    assert abs((mixed**4).mean() - 3.0) < 4 * (96 / 8192) ** 0.5


@pytest.mark.parametrize("share", [0.1, 0.5, 0.75])
def test_the_norm_and_the_angles_are_those_of_a_great_circle(share):
    a, b = noises()
    a, b = ((x / np.linalg.norm(x)).astype(np.float32) for x in (a, b))
    mixed = slerp(a, b, share).astype(float)
    assert abs(np.linalg.norm(mixed) - 1.0) < 1e-6
    whole, part = (np.arccos((x * a).sum() / np.linalg.norm(a)) for x in (b, mixed))
    assert abs(part - share * whole) < 1e-4


def test_the_ends_are_exact_and_one_noise_stays_itself():
    a, b = noises()
    assert slerp(a, b, 0.0) is a
    assert slerp(a, b, 1.0) is b
    np.testing.assert_allclose(slerp(a, a, 0.3), a, atol=1e-7)
    assert np.isfinite(slerp(a, -a, 0.5)).all()


def test_a_batch_has_each_its_own_share_and_samplers_noise_goes_along():
    noise = BetweenNoise(rng.PerSample((1, 1)), rng.PerSample((2, 2)), (0.0, 0.5))
    x = noise.initial(SHAPE, torch.empty(0))
    assert isinstance(x, torch.Tensor)
    a, b = noises()
    np.testing.assert_array_equal(x[0].numpy(), a)
    np.testing.assert_array_equal(x[1].numpy(), slerp(a, b, 0.5))
    drawn, first, second = (n(3, 1, x) for n in (noise, noise.first, noise.second))
    np.testing.assert_array_equal(drawn[0].numpy(), first[0].numpy())
    np.testing.assert_array_equal(drawn[1].numpy(), slerp(first[1].numpy(), second[1].numpy(), 0.5))
    assert abs(float(drawn.var()) - 1.0) < 0.05


def cond(*lengths, kind=np.asarray, pooled=True):
    """States 10 k + i for token i of prompt k, zero past its length."""
    tokens = np.array([[[10.0 * k + i + 1.0] * 2 if i < n else [0.0, 0.0] for i in range(4)] for k, n in lengths])
    mask = np.array([[i < n for i in range(4)] for _, n in lengths])
    words = tuple(tuple(f"{k}.{i}" for i in range(n)) for k, n in lengths)
    return Conditioning(kind(tokens), kind(mask), words, kind(tokens[:, 0]) if pooled else None)


@pytest.mark.parametrize("kind", [np.asarray, torch.from_numpy])
def test_token_k_goes_to_token_k_and_the_shorter_prompt_is_filled_with_its_end(kind):
    first, second = cond((0, 2), kind=kind), cond((1, 3), kind=kind)
    mixed = between_prompts(first, second, [0.25])
    assert np.asarray(mixed.tokens)[0, :, 0].tolist() == [
        0.75 * 1 + 0.25 * 11,
        0.75 * 2 + 0.25 * 12,
        0.75 * 2 + 0.25 * 13,
        0,
    ]
    assert np.asarray(mixed.mask)[0].tolist() == [True, True, True, False]
    assert mixed.words == (("0.0/1.0", "0.1/1.1", "0.1/1.2"),)
    assert np.asarray(mixed.pooled)[0, 0] == 0.75 * 1 + 0.25 * 11


@pytest.mark.parametrize("pooled", [True, False])
def test_the_ends_are_the_prompts_themselves(pooled):
    first, second = cond((0, 2), (2, 4), pooled=pooled), cond((1, 3), (3, 1), pooled=pooled)
    mixed = between_prompts(first, second, [0.0, 1.0])
    np.testing.assert_array_equal(mixed.tokens, [first.tokens[0], second.tokens[1]])
    np.testing.assert_array_equal(mixed.mask, [first.mask[0], second.mask[1]])
    assert mixed.words == (first.words[0], second.words[1])
    assert (mixed.pooled is not None) == pooled


def test_pictures_on_the_way(tiny_model):
    """Ends bit for bit, middle neither; a batch draws what each draws alone."""
    way = {"prompt": "green pear", "seed": 9}
    settings = {"seed": 4, "sampler": "ddpm", "microbatch": 2}
    recipes = [tiny_model.recipe("a red apple", between={**way, "share": s}, **settings) for s in (0.0, 0.5, 1.0)]
    first, middle, last = tiny_model.draw(recipes)
    assert first.pixels_sha256 == tiny_model.generate("a red apple", **settings)[0].pixels_sha256
    assert last.pixels_sha256 == tiny_model.generate("green pear", **{**settings, "seed": 9})[0].pixels_sha256
    assert middle.pixels_sha256 not in (first.pixels_sha256, last.pixels_sha256)
    assert tiny_model.draw([recipes[1]])[0].pixels_sha256 == middle.pixels_sha256


def test_a_way_has_both_ends_and_even_shares(tiny_model):
    way = tiny_model.way("a red apple", "green pear", seed=4, to_seed=9, count=5, steps=2)
    assert [recipe.between["share"] for recipe in way] == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert {(r.prompt, r.seed, r.between["prompt"], r.between["seed"]) for r in way} == {
        ("a red apple", 4, "green pear", 9)
    }
    assert tiny_model.way("a", "b", seed=4)[0].between["seed"] == 4
    with pytest.raises(RecipeError, match="count is 1"):
        tiny_model.way("a", "b", count=1)
