"""The same answer from numpy arrays and torch tensors."""

import math

import numpy as np
import pytest
import torch

from sfumato import arrays

VALUES = np.random.default_rng(0).uniform(0.1, 2.0, size=(3, 2, 4, 4))


@pytest.fixture(params=[np.asarray, torch.from_numpy], ids=["numpy", "torch"])
def make(request):
    return request.param


def test_concat(make):
    joined = arrays.concat([make(VALUES), make(VALUES[:1])])
    assert type(joined) is type(make(VALUES))
    np.testing.assert_array_equal(arrays.as_numpy(joined), np.concatenate([VALUES, VALUES[:1]]))


def test_log(make):
    np.testing.assert_allclose(arrays.as_numpy(arrays.log(make(VALUES))), np.log(VALUES), rtol=1e-14)
    assert arrays.log(0.0) == -math.inf
    assert isinstance(arrays.log(2.0), float)
    assert arrays.as_numpy(arrays.log(make(np.zeros(2))))[0] == -math.inf


def test_std(make):
    np.testing.assert_allclose(
        arrays.as_numpy(arrays.std(make(VALUES)))[:, 0, 0, 0], VALUES.std(axis=(1, 2, 3)), rtol=1e-12
    )


def test_norm(make):
    norms = arrays.as_numpy(arrays.norm(make(VALUES)))
    assert norms.shape == (3, 1, 1, 1)
    np.testing.assert_allclose(norms[:, 0, 0, 0], np.linalg.norm(VALUES.reshape(3, -1), axis=1), rtol=1e-12)


def test_clamp(make):
    np.testing.assert_array_equal(
        arrays.as_numpy(arrays.clamp(make(VALUES - 1.0), 0.5)), np.clip(VALUES - 1.0, -0.5, 0.5)
    )
    np.testing.assert_array_equal(arrays.as_numpy(arrays.clamp(make(VALUES), low=1.0)), np.maximum(VALUES, 1.0))


def test_quantile(make):
    found = arrays.as_numpy(arrays.quantile(make(VALUES), 0.9))
    assert found.shape == (3, 1, 1, 1)
    np.testing.assert_allclose(found[:, 0, 0, 0], np.quantile(VALUES.reshape(3, -1), 0.9, axis=1), rtol=1e-12)


def test_like_takes_kind_and_dtype_of_the_reference(make):
    reference = make(VALUES.astype(np.float32))
    answer = arrays.like(VALUES, reference)
    assert type(answer) is type(reference)
    assert answer.dtype == reference.dtype
    np.testing.assert_array_equal(arrays.as_numpy(answer), VALUES.astype(np.float32))
