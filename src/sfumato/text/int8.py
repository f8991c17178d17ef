"""Weights as one byte each: every row of a matrix has its own scale.

    q = round(w / s),  s = max |w| / 127 along the row,  w_hat = s q

so |w - w_hat| <= s / 2: symmetric, and nothing is clipped. A row of zeros has s = 0.
"""

import numpy as np
from jaxtyping import Float, Int8


def quantise_rows(w: Float[np.ndarray, "r c"]) -> tuple[Int8[np.ndarray, "r c"], Float[np.ndarray, " r"]]:
    """The bytes and the float32 scale of each row.

    Accuracy: half a scale (tests/text/test_int8.py).
    """
    scale = (np.abs(w).max(axis=1) / 127.0).astype(np.float32)
    steps = w / np.where(scale > 0, scale, 1.0)[:, None]
    return np.rint(steps).clip(-127, 127).astype(np.int8), scale


def dequantise_rows(q: Int8[np.ndarray, "r c"], scale: Float[np.ndarray, " r"]) -> Float[np.ndarray, "r c"]:
    """float32 weights again: w_hat = s q."""
    return q * scale[:, None]
