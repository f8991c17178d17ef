"""Transparency: straight alpha in bytes at the edge, premultiplied colours in [-1, 1] inside.

With colours c and alpha a in [0, 1], a pixel is (a c, a) inside: a linear space, where scaling, averaging and
convolving are right, and where what shows over a background b is the linear map a c + (1 - a) b (Porter and Duff 1984,
"over"). Signed, as all pictures here are, p = 2 a c - 1 and s = 2 a - 1. Operators only: numpy and torch alike, but for
the two ways to and from bytes.
"""

import re

import numpy as np
from jaxtyping import Float32, UInt8

from sfumato.errors import RecipeError
from sfumato.types import Array, Image

NAMED = {"white": "#ffffff", "black": "#000000"}
HEX = re.compile("#[0-9a-fA-F]{6}")


def premultiplied(pictures: UInt8[np.ndarray, "b H W 4"]) -> Float32[np.ndarray, "b 4 H W"]:
    """Straight alpha in bytes to premultiplied colours and alpha in [-1, 1]."""
    x = np.asarray(pictures, np.float32) / 255.0
    x[..., :3] *= x[..., 3:]
    return (2.0 * x - 1.0).transpose(0, 3, 1, 2)


def straight(image: Float32[np.ndarray, "b 4 H W"]) -> UInt8[np.ndarray, "b H W 4"]:
    """Premultiplied colours and alpha in [-1, 1], clipped to what is possible, as straight alpha in bytes.

    A pixel whose alpha rounds to 0 is 0 in every byte. Accuracy: undoes `premultiplied` exactly wherever alpha is not 0
    (tests/test_alpha.py tries every pair of bytes).
    """
    x = np.clip((image.transpose(0, 2, 3, 1).astype(np.float32) + 1.0) / 2.0, 0.0, 1.0)
    alpha = x[..., 3:]
    colours = np.minimum(x[..., :3], alpha) / np.maximum(alpha, 1.0 / 1024.0)
    out = np.rint(255.0 * np.concatenate([colours, alpha], axis=-1)).astype(np.uint8)
    out[out[..., 3] == 0] = 0
    return out


def over(image: Image, background: Array | float) -> Image:
    """What is seen of premultiplied pictures [b, 4, H, W] over a background in [0, 1] (1: white): [b, 3, H, W].

    p + (1 - s) b in signed values: a number, one colour [3, 1, 1], or one for each picture [b, 3, 1, 1].
    """
    return image[:, :3] + (1.0 - image[:, 3:]) * background


def shown(image: Image, background: Array | float = 1.0) -> Image:
    """Three colours to look at: pictures with alpha over a background, grey ones thrice, others as they are."""
    if image.shape[1] == 1:
        return image[:, [0, 0, 0]]
    return over(image, background) if image.shape[1] == 4 else image


def colour_of(text: str) -> tuple[float, float, float]:
    """'white', 'black' or '#rrggbb' as a colour in [0, 1]. Raises RecipeError."""
    digits = NAMED.get(text, text)
    if not HEX.fullmatch(digits):
        raise RecipeError(f"the colour {text!r} is not known; expected {', '.join(NAMED)} or #rrggbb, such as #ffd700")
    red, green, blue = (int(digits[k : k + 2], 16) / 255.0 for k in (1, 3, 5))
    return red, green, blue
