"""Known answers, statistics and independence of the counter-based noise."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats

from sfumato import rng
from sfumato.errors import RecipeError, ShapeError

GOLDEN = Path(__file__).parent / "golden" / "philox.json"

KNOWN_ANSWERS = [  # Random123's kat_vectors for philox4x32 with 10 rounds
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


def u32(text: str) -> np.ndarray:
    return np.array([[int(word, 16) for word in text.split()]], np.uint32)


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN_ANSWERS)
def test_philox_known_answers(counter, key, expected):
    np.testing.assert_array_equal(rng.philox4x32_10(u32(counter), u32(key)), u32(expected))


def test_rows_are_independent_of_each_other():
    counters = np.concatenate([u32(c) for c, _, _ in KNOWN_ANSWERS])
    keys = np.concatenate([u32(k) for _, k, _ in KNOWN_ANSWERS])
    expected = np.concatenate([u32(e) for _, _, e in KNOWN_ANSWERS])
    np.testing.assert_array_equal(rng.philox4x32_10(counters, keys), expected)


def test_layout_of_counter_and_key():
    """The documented layout, spelled out a second time with Python integers."""
    seed, stream, step, draw = 0x0123456789ABCDEF, 3, 70000, 2
    flat = rng.words(seed, 11, stream=stream, step=step, draw=draw)
    for element in range(11):
        counter = np.array([[element // 4, step, stream, draw]], np.uint32)
        block = rng.philox4x32_10(counter, np.array([[0x89ABCDEF, 0x01234567]], np.uint32))
        assert flat[element] == block[0, element % 4]
    uniforms = rng.uniform(seed, (11,), stream=stream, step=step, draw=draw)
    normals = rng.normal(seed, (11,), stream=stream, step=step, draw=draw)
    for element in range(0, 10, 2):
        u, v = ((int(flat[element + k]) + 0.5) / 2**32 for k in (0, 1))
        assert (uniforms[element], uniforms[element + 1]) == (u, v)
        radius = math.sqrt(-2 * math.log(u))
        pair = (radius * math.cos(2 * math.pi * v), radius * math.sin(2 * math.pi * v))
        np.testing.assert_allclose(normals[element : element + 2], pair, rtol=2e-7)


def test_golden_numbers():
    for case in json.loads(GOLDEN.read_text())["cases"]:
        where = {key: case[key] for key in ("stream", "step", "draw")}
        assert [f"{w:08x}" for w in rng.words(int(case["seed"]), 8, **where)] == case["words"]
        np.testing.assert_array_equal(rng.uniform(int(case["seed"]), (8,), **where), case["uniform"])
        np.testing.assert_array_max_ulp(
            rng.normal(int(case["seed"]), (8,), **where), np.float32(case["normal"]), maxulp=1
        )


def test_shape_only_arranges_the_same_numbers():
    flat = rng.normal(5, (24,), stream=rng.INITIAL)
    np.testing.assert_array_equal(rng.normal(5, (2, 3, 4), stream=rng.INITIAL).reshape(-1), flat)
    np.testing.assert_array_equal(rng.normal(5, (7,), stream=rng.INITIAL), flat[:7])
    assert rng.normal(5, (), stream=rng.INITIAL).shape == ()
    assert rng.normal(5, (3, 0), stream=rng.INITIAL).shape == (3, 0)


def test_distribution_of_normals():
    x = rng.normal(11, (200_000,), stream=rng.INITIAL).astype(np.float64)
    n = len(x)
    assert stats.kstest(x, "norm").pvalue > 1e-3
    for power, (moment, variance) in {1: (0, 1), 2: (1, 2), 3: (0, 15), 4: (3, 96)}.items():
        assert abs(np.mean(x**power) - moment) < 4 * math.sqrt(variance / n)
    for lag in (1, 2, 3, 4):
        assert abs(np.mean(x[lag:] * x[:-lag])) < 4 / math.sqrt(n)
        assert abs(np.mean(x[lag:] ** 2 * x[:-lag] ** 2) - 1) < 4 * math.sqrt(8 / n)


def test_distribution_of_uniforms():
    x = rng.uniform(12, (200_000,), stream=rng.TRAIN_LEVEL)
    assert stats.kstest(x, "uniform").pvalue > 1e-3
    assert x.dtype == np.float64
    assert x.min() > 0
    assert x.max() < 1


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 1},
        {"seed": 2**32},
        {"seed": 2**63},
        {"stream": rng.DATA},
        {"step": 1},
        {"draw": 1},
        {"step": 0, "stream": rng.SAMPLER, "draw": 3},
    ],
)
def test_independence(other):
    """Another seed, stream, step or draw: uncorrelated numbers, not one of them equal."""
    where = {"seed": 0, "stream": rng.SAMPLER, "step": 0, "draw": 0}
    n = 40_000
    a, b = (rng.normal(w.pop("seed"), (n,), **w).astype(np.float64) for w in (dict(where), {**where, **other}))
    assert abs(np.mean(a * b)) < 4 / math.sqrt(n)
    assert abs(np.mean((a * b) ** 2) - 1) < 4 * math.sqrt(8 / n)
    assert np.mean(a == b) < 1e-3


def test_permutation():
    order = rng.permutation(3, 1000, epoch=0)
    np.testing.assert_array_equal(np.sort(order), np.arange(1000))
    np.testing.assert_array_equal(order, rng.permutation(3, 1000, epoch=0))
    assert np.mean(order == rng.permutation(3, 1000, epoch=1)) < 0.02
    assert np.mean(order == rng.permutation(4, 1000, epoch=0)) < 0.02
    assert rng.permutation(3, 0, epoch=0).shape == (0,)
    assert rng.permutation(3, 1, epoch=5).tolist() == [0]


def test_permutation_is_uniform():
    """All 24 orders of four items come up equally often (chi-squared)."""
    n = 4800
    counts: dict[tuple[int, ...], int] = {}
    for epoch in range(n):
        order = tuple(rng.permutation(8, 4, epoch).tolist())
        counts[order] = counts.get(order, 0) + 1
    assert len(counts) == 24
    assert stats.chisquare(list(counts.values())).pvalue > 1e-3


def test_batch_changes_nothing():
    shape = (3, 5, 7)
    like = np.zeros((4, *shape), np.float32)
    together = rng.PerSample((7, 8, 9, 2**64 - 1))
    for k, seed in enumerate(together.seeds):
        alone = rng.PerSample((seed,))
        np.testing.assert_array_equal(alone.initial(shape, like)[0], together.initial(shape, like)[k])
        np.testing.assert_array_equal(alone(6, 1, like[:1])[0], together(6, 1, like)[k])
    shuffled = rng.PerSample(together.seeds[::-1])
    np.testing.assert_array_equal(shuffled(6, 1, like)[::-1], together(6, 1, like))


def test_initial_and_sampler_noise_come_from_their_streams():
    batch = rng.PerSample((7,))
    like = np.zeros((1, 6), np.float32)
    np.testing.assert_array_equal(batch.initial((6,), like)[0], rng.normal(7, (6,), stream=rng.INITIAL))
    expected = rng.normal(7, (6,), stream=rng.SAMPLER, step=4, draw=2)
    np.testing.assert_array_equal(batch(4, 2, like)[0], expected)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_numpy_and_torch_draw_the_same(dtype):
    batch = rng.PerSample((1, 2))
    in_numpy = batch(0, 0, np.zeros((2, 5), dtype))
    in_torch = batch(0, 0, torch.zeros((2, 5), dtype=getattr(torch, dtype)))
    assert in_numpy.dtype == np.dtype(dtype)
    assert in_torch.dtype == getattr(torch, dtype)
    np.testing.assert_array_equal(in_torch.numpy(), in_numpy)


def test_refusals():
    for seed in (-1, 2**64):
        with pytest.raises(RecipeError, match="seed is"):
            rng.normal(seed, (2,), stream=rng.INITIAL)
    with pytest.raises(RecipeError, match="step is -1"):
        rng.normal(0, (2,), stream=rng.INITIAL, step=-1)
    with pytest.raises(ShapeError, match="3 samples from 2 seeds"):
        rng.PerSample((1, 2))(0, 0, np.zeros((3, 2)))


def golden_cases() -> list[dict]:  # seeds as text: JavaScript cannot read 64 bits
    places = [(0, 0, 0, 0), (42, 1, 7, 0), (0x0123456789ABCDEF, 3, 70000, 2), (2**64 - 1, 6, 2**32 - 1, 2**32 - 1)]
    cases = []
    for seed, stream, step, draw in places:
        where = {"stream": stream, "step": step, "draw": draw}
        cases.append({"seed": str(seed), **where, "words": [f"{w:08x}" for w in rng.words(seed, 8, **where)]})
        cases[-1]["uniform"] = rng.uniform(seed, (8,), **where).tolist()
        cases[-1]["normal"] = [float(z) for z in rng.normal(seed, (8,), **where)]
    return cases


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps({"command": "python tests/test_rng.py", "cases": golden_cases()}, indent=1) + "\n")
