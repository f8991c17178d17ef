import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sfumato.errors import RecipeError, ShapeError
from sfumato.nets.embed import MLP, Sinusoidal, as_vector


def by_hand(number, dim, *, cosines_first, shift):
    half = dim // 2
    angles = [number * 10_000 ** (-k / (half - shift)) for k in range(half)]
    cos, sin = [math.cos(a) for a in angles], [math.sin(a) for a in angles]
    return cos + sin if cosines_first else sin + cos


@given(st.floats(0, 1000), st.integers(2, 20), st.booleans(), st.sampled_from([0.0, 1.0]))
def test_embedding_is_the_formula_in_double_precision(number, half, cosines_first, shift):
    embedding = Sinusoidal(2 * half, flip_sin_to_cos=cosines_first, downscale_freq_shift=shift)
    got = embedding(torch.tensor([number], dtype=torch.float64))[0]
    expected = torch.tensor(by_hand(number, 2 * half, cosines_first=cosines_first, shift=shift))
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-6)


def test_shift_of_one_makes_the_lowest_frequency_exactly_one_over_the_period():
    assert Sinusoidal(8, downscale_freq_shift=1.0).frequencies[-1].item() == pytest.approx(1e-4, rel=1e-12)


def test_neither_half_precision_nor_the_meta_device_touches_the_frequencies():
    numbers = torch.tensor([981.0, 0.5])
    expected = Sinusoidal(32)(numbers)
    torch.testing.assert_close(Sinusoidal(32).half()(numbers), expected, rtol=0, atol=0)
    with torch.device("meta"):
        built = Sinusoidal(32)
    torch.testing.assert_close(built.to_empty(device="cpu")(numbers), expected, rtol=0, atol=0)
    assert not built.state_dict()


@pytest.mark.parametrize("dim", [0, 7])
def test_odd_or_empty_embeddings_are_refused(dim):
    with pytest.raises(RecipeError, match=f"has {dim} features; it must be even"):
        Sinusoidal(dim)


def test_a_shift_without_a_formula_is_refused():
    with pytest.raises(RecipeError, match="must be below dim / 2 = 1"):
        Sinusoidal(2, downscale_freq_shift=1.0)


@pytest.mark.parametrize("number", [7, 7.0, torch.tensor(7), torch.tensor([7.0]), torch.full((1, 1, 1, 1), 7.0)])
def test_one_number_is_one_row_however_it_is_given(number):
    vector = as_vector(number, like=torch.zeros(3, 1))
    assert vector.tolist() == [7.0]
    assert vector.is_floating_point()


def test_one_number_a_sample_comes_in_any_shape():
    assert as_vector(torch.arange(3).reshape(3, 1, 1, 1), like=torch.zeros(3, 1)).tolist() == [0.0, 1.0, 2.0]
    with pytest.raises(ShapeError, match="c_noise has 2 values for 3 samples"):
        as_vector(torch.zeros(2), like=torch.zeros(3, 1))


def test_mlp_is_two_layers_with_silu_between():
    torch.manual_seed(0)
    mlp, x = MLP(4, 6), torch.randn(2, 4, dtype=torch.float64)
    hidden = mlp.linear1(x.float())
    torch.testing.assert_close(mlp(x), mlp.linear2(hidden / (1 + torch.exp(-hidden))))
