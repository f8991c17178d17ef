"""One picture's bytes to 8-bit RGB over white, or RGBA with its alpha kept, in a square of a given size."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image

from sfumato.corpus.opening import opened

STRIP = 256
"""Rows composited at a time: the same numbers in less memory."""


def over_white(data: bytes, size: int) -> UInt8[np.ndarray, "h w 3"]:
    """Decode a picture, lay straight alpha over white, and fit it in size x size.

    out = alpha rgb + (1 - alpha) 255, rounded. A picture that is not square is centred on a white square first; scaling
    (Lanczos) comes after the compositing, which is the same as scaling premultiplied colours.
    Raises CorpusError with the reason.
    """
    return over_white_picture(opened(data).picture, size)


def over_white_picture(picture: Image.Image, size: int) -> UInt8[np.ndarray, "h w 3"]:
    """The same for a picture that is open already, RGB or RGBA with straight alpha."""
    if picture.mode == "RGBA":
        picture = Image.fromarray(composited(np.asarray(picture)))
    picture = square(picture, (255, 255, 255))
    if picture.width != size:
        picture = picture.resize((size, size), Image.Resampling.LANCZOS)
    return np.asarray(picture)


def composited(rgba: UInt8[np.ndarray, "h w 4"]) -> UInt8[np.ndarray, "h w 3"]:
    """Straight alpha over white."""
    out = np.empty((*rgba.shape[:2], 3), np.uint8)
    for top in range(0, len(rgba), STRIP):
        strip = rgba[top : top + STRIP].astype(np.float32)
        alpha = strip[..., 3:] / 255.0
        out[top : top + STRIP] = np.rint(strip[..., :3] * alpha + 255.0 * (1.0 - alpha)).astype(np.uint8)
    return out


def rgba(data: bytes, size: int) -> UInt8[np.ndarray, "h w 4"]:
    """Decode a picture with its alpha and fit it in size x size, on a transparent square where it is not square itself.

    Straight alpha; colours are 0 where alpha is 0. Scaling (Lanczos) is of premultiplied colours, alpha rgb / 255, in
    float32, so that the colours of transparent pixels weigh nothing. An opaque picture has alpha 255 everywhere.
    Raises CorpusError with the reason.

    Accuracy: laid over white, at most 1 level from `over_white` of the same picture where it is not scaled.
    """
    picture = square(opened(data).picture.convert("RGBA"), (0, 0, 0, 0))
    if picture.width == size:
        straight = np.array(picture)
        straight[straight[..., 3] == 0] = 0
        return straight
    bands = np.empty((size, size, 4), np.float32)
    alpha = picture.getchannel("A")
    for k, name in enumerate("RGBA"):
        band = np.asarray(alpha, np.float32)
        if name != "A":
            band = band * (np.asarray(picture.getchannel(name), np.float32) / 255.0)
        bands[..., k] = np.asarray(Image.fromarray(band).resize((size, size), Image.Resampling.LANCZOS))
    return straightened(bands)


def straightened(premultiplied: Float32[np.ndarray, "h w 4"]) -> UInt8[np.ndarray, "h w 4"]:
    """Premultiplied colours, 0..255 with overshoots, to bytes of straight alpha."""
    alpha = np.rint(premultiplied[..., 3:].clip(0.0, 255.0))
    colour = premultiplied[..., :3] * 255.0 / np.maximum(premultiplied[..., 3:], 1e-3)
    return np.concatenate([np.where(alpha > 0, np.rint(colour.clip(0.0, 255.0)), 0.0), alpha], axis=2).astype(np.uint8)


def square(picture: Image.Image, colour: tuple[int, ...]) -> Image.Image:
    """The picture centred on the smallest square of one colour that holds it."""
    if picture.width == picture.height:
        return picture
    side = max(picture.size)
    out = Image.new(picture.mode, (side, side), colour)
    out.paste(picture, ((side - picture.width) // 2, (side - picture.height) // 2))
    return out


Channels = Literal[3, 4]
DECODERS: dict[int, Callable[[bytes, int], np.ndarray]] = {3: over_white, 4: rgba}
"""By the number of channels."""
