"""Rounding to int8 rows: how far off, and that a second rounding changes nothing."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sfumato.text.int8 import dequantise_rows, quantise_rows

MATRICES = hnp.arrays(
    np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12),
    elements=st.floats(-1e4, 1e4, width=32, allow_subnormal=False),
)  # fmt: skip


@given(MATRICES)
def test_within_half_a_scale(w: np.ndarray):
    q, scale = quantise_rows(w)
    error = np.abs(dequantise_rows(q, scale).astype(np.float64) - w)
    assert (q.dtype, scale.dtype) == (np.int8, np.float32)
    assert (error <= scale[:, None].astype(np.float64) * (0.5 + 1e-4) + 1e-37).all()


@given(MATRICES)
def test_the_largest_of_a_row_uses_the_whole_range(w: np.ndarray):
    q, _ = quantise_rows(w)
    used = np.abs(w).max(axis=1) > 1e-30
    assert (np.abs(q[used].astype(int)).max(axis=1, initial=0) == 127).all()


@given(MATRICES.filter(lambda w: np.abs(w).max() > 1e-30))
def test_a_second_rounding_changes_nothing(w: np.ndarray):
    once = quantise_rows(w)[0]
    assert np.array_equal(quantise_rows(dequantise_rows(*quantise_rows(w)))[0], once)


def test_known_values():
    q, scale = quantise_rows(np.array([[127.0, -1.0, 0.4], [0.0, 0.0, 0.0], [-2.54, 1.27, 0.0]], np.float32))
    assert q.tolist() == [[127, -1, 0], [0, 0, 0], [-127, 64, 0]]
    np.testing.assert_allclose(scale, [1.0, 0.0, 0.02], rtol=1e-6)
