"""The few operations that operators cannot express, for numpy arrays and torch tensors alike, without importing torch.

A torch tensor brings its own methods; when one arrives, torch is already imported, so `sys.modules` has it.
"""

import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from sfumato.types import Array, Scalar


def is_torch(array: Any) -> bool:
    """Whether `array` is a torch tensor; never imports torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(array, torch.Tensor)


def concat(parts: Sequence[Array]) -> Array:
    """Join arrays of one kind along their first axis."""
    if is_torch(parts[0]):
        return sys.modules["torch"].cat(list(parts))
    return np.concatenate(parts)


def log(x: Scalar) -> Scalar:
    """Natural logarithm; a float stays a float, and log 0 is -inf."""
    if isinstance(x, float | int):
        return math.log(x) if x > 0 else -math.inf
    if is_torch(x):
        return x.log()
    with np.errstate(divide="ignore"):
        return np.log(x)


def softmax(x: Array) -> Array:
    """e^x / sum e^x over the last axis, without overflow."""
    if is_torch(x):
        return x.softmax(-1)
    weights = np.exp(x - x.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def std(x: Array) -> Array:
    """Standard deviation of each sample over all axes but the first, shaped [b, 1, ...] (population form)."""
    axes = tuple(range(1, x.ndim))
    if is_torch(x):
        return x.std(dim=axes, keepdim=True, correction=0)
    return x.std(axis=axes, keepdims=True)


def norm(x: Array) -> Array:
    """Euclidean norm of each sample over all axes but the first, shaped [b, 1, ...]."""
    axes = tuple(range(1, x.ndim))
    if is_torch(x):
        return (x * x).sum(dim=axes, keepdim=True).sqrt()
    return np.sqrt((x * x).sum(axis=axes, keepdims=True))


def clamp(x: Array, high: float = math.inf, *, low: float | None = None) -> Array:
    """`x` with what lies above `high` or below `low` (by default -high) brought there; nan stays nan."""
    low = -high if low is None else low
    return x.clamp(low, high) if is_torch(x) else x.clip(low, high)


def quantile(x: Array, share: float) -> Array:
    """The value that `share` of each sample's values do not exceed, between two by a straight line; [b, 1, ...]."""
    shape = (len(x),) + (1,) * (x.ndim - 1)
    if is_torch(x):
        return x.reshape(len(x), -1).quantile(share, dim=1).reshape(shape)
    return np.quantile(x.reshape(len(x), -1), share, axis=1).reshape(shape).astype(x.dtype)


def like(values: np.ndarray, reference: Array) -> Array:
    """`values` as the kind, dtype and device of `reference`."""
    if is_torch(reference):
        return reference.new_tensor(values)
    return np.asarray(values, dtype=reference.dtype)


def as_numpy(x: Array) -> np.ndarray:
    """`x` as a numpy array on the CPU."""
    if is_torch(x):
        return x.detach().cpu().numpy()
    return np.asarray(x)
