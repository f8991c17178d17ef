"""The reader's photo: bytes from outside in, one small square picture out."""

from functools import cache
from importlib.resources import files

import numpy as np
from jaxtyping import Float32, UInt8

from sfumato.corpus.decode import over_white_picture
from sfumato.corpus.opening import opening

SHIPPED = ("harbour", "mountain")
"""The pictures that come with the studio."""

SIDE = 128
"""Pixels a side, what the shipped model draws."""


def read_photo(data: bytes, side: int = SIDE) -> UInt8[np.ndarray, "h w 3"]:
    """The largest square in the middle of a picture, `side` pixels a side (Lanczos), over white.

    PNG, JPEG, WebP, GIF or BMP, told by their first bytes, as large as corpus/room.py lets one be.
    Raises CorpusError with the reason, for any bytes.
    """
    with opening(data) as file:
        width, height = file.picture.size
        inner = min(width, height)
        left, top = (width - inner) // 2, (height - inner) // 2
        return over_white_picture(file.picture.crop((left, top, left + inner, top + inner)), side)


def signed(pixels: UInt8[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "3 h w"]:
    """Bytes as numbers in [-1, 1]: x = byte / 127.5 - 1, in float64, rounded to float32."""
    return (pixels.astype(np.float64) / 127.5 - 1.0).astype(np.float32).transpose(2, 0, 1)


@cache
def shipped(name: str = "harbour") -> UInt8[np.ndarray, "h w 3"]:
    """A picture that comes with the studio (scripts/studio_photos.py drew it): harbour or mountain."""
    return read_photo((files("sfumato.studio") / "static" / "photos" / f"{name}.png").read_bytes())


def x_0(name: str = "harbour") -> Float32[np.ndarray, "3 h w"]:
    """The same as the article's figures begin with it: [3, 128, 128] in [-1, 1]."""
    return np.ascontiguousarray(signed(shipped(name)))
