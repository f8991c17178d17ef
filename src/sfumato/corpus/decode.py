"""One picture's bytes to 8-bit RGB or grey over white, or RGBA with its alpha kept, in a square of a given size."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image

from sfumato.corpus.opening import opening, strips

STRIP = 256
"""Rows composited at a time: the same numbers in less memory."""
LARGE = 1 << 20
"""Pixels of a picture above which it is scaled strip by strip, so that no second one of its size is in memory."""


def over_white(data: bytes, size: int) -> UInt8[np.ndarray, "h w 3"]:
    """Decode a picture, lay straight alpha over white, and fit it in size x size.

    out = alpha rgb + (1 - alpha) 255, rounded. Scaling (Lanczos) comes after the compositing, which is the same as
    scaling premultiplied colours. A picture that is not square is centred on white.
    Raises CorpusError with the reason.
    """
    with opening(data) as file:
        return over_white_picture(file.picture, size)


def grey(data: bytes, size: int) -> UInt8[np.ndarray, "h w 1"]:
    """The same as over_white in shades of grey: the luma of ITU-R 601, exact where the picture is grey already."""
    return np.asarray(Image.fromarray(over_white(data, size)).convert("L"))[..., None]


def over_white_picture(picture: Image.Image, size: int) -> UInt8[np.ndarray, "h w 3"]:
    """The same for a picture that is open already, RGB or RGBA with straight alpha."""
    inner = fitted(picture.size, size)
    if picture.mode == "RGBA":
        picture = laid_over(picture, first_width(picture, inner))
    if picture.size != inner:
        picture = picture.resize(inner, Image.Resampling.LANCZOS)
    out = np.full((size, size, 3), 255, np.uint8)
    out[window(inner, size)] = np.asarray(picture)
    return out


def first_width(picture: Image.Image, inner: tuple[int, int]) -> int:
    """The width that a picture is brought to before its height: its own where it is not LARGE."""
    return picture.width if picture.width * picture.height <= LARGE else inner[0]


def laid_over(picture: Image.Image, width: int) -> Image.Image:
    """An RGBA picture over white, and scaled to that width.

    Accuracy: its height scaled as well, the same as at once, where Pillow begins with the width; else within 2 levels.
    """
    out = Image.new("RGB", (width, picture.height))
    for top, strip in strips(picture):
        over = Image.fromarray(composited(np.asarray(strip)))
        out.paste(over.resize((width, strip.height), Image.Resampling.LANCZOS), (0, top))
    return out


def fitted(sides: tuple[int, int], size: int) -> tuple[int, int]:
    """Width and height scaled so that the longer one is `size`."""
    longest = max(sides)
    return max(1, round(sides[0] * size / longest)), max(1, round(sides[1] * size / longest))


def window(inner: tuple[int, int], size: int) -> tuple[slice, slice]:
    """Where a picture of that width and height lies in the middle of a square."""
    left, top = (size - inner[0]) // 2, (size - inner[1]) // 2
    return slice(top, top + inner[1]), slice(left, left + inner[0])


def composited(rgba: UInt8[np.ndarray, "h w 4"]) -> UInt8[np.ndarray, "h w 3"]:
    """Straight alpha over white."""
    out = np.empty((*rgba.shape[:2], 3), np.uint8)
    for top in range(0, len(rgba), STRIP):
        strip = rgba[top : top + STRIP].astype(np.float32)
        alpha = strip[..., 3:] / 255.0
        out[top : top + STRIP] = np.rint(strip[..., :3] * alpha + 255.0 * (1.0 - alpha)).astype(np.uint8)
    return out


def rgba(data: bytes, size: int) -> UInt8[np.ndarray, "h w 4"]:
    """Decode a picture with its alpha and fit it in size x size, in the middle of a clear square if it is not square.

    Straight alpha; colours are 0 where alpha is 0. Scaling (Lanczos) is of premultiplied colours, alpha rgb / 255, in
    float32, so that the colours of transparent pixels weigh nothing. An opaque picture has alpha 255 everywhere.
    Raises CorpusError with the reason.

    Accuracy: laid over white, at most 1 level from `over_white` of the same picture where it is not scaled.
    """
    out = np.zeros((size, size, 4), np.uint8)
    with opening(data) as file:
        inner = fitted(file.picture.size, size)
        whole = file.picture.size == inner
        out[window(inner, size)] = np.asarray(file.picture.convert("RGBA")) if whole else scaled(file.picture, inner)
    out[out[..., 3] == 0] = 0
    return out


def scaled(picture: Image.Image, inner: tuple[int, int]) -> UInt8[np.ndarray, "h w 4"]:
    """A picture scaled by way of premultiplied colours: strip by strip to its width, then to its height."""
    width = first_width(picture, inner)
    bands = np.empty((4, picture.height, width), np.float32)
    for top, strip in strips(picture):
        pixels = np.asarray(strip.convert("RGBA")).astype(np.float32)
        pixels[..., :3] *= pixels[..., 3:] / np.float32(255.0)
        for k in range(4):
            band = Image.fromarray(np.ascontiguousarray(pixels[..., k]))
            narrow = band.resize((width, strip.height), Image.Resampling.LANCZOS)
            bands[k, top : top + strip.height] = np.asarray(narrow)
    small = [np.asarray(Image.fromarray(band).resize(inner, Image.Resampling.LANCZOS)) for band in bands]
    return straightened(np.stack(small, axis=2))


def straightened(premultiplied: Float32[np.ndarray, "h w 4"]) -> UInt8[np.ndarray, "h w 4"]:
    """Premultiplied colours, 0..255 with overshoots, to bytes of straight alpha."""
    alpha = np.rint(premultiplied[..., 3:].clip(0.0, 255.0))
    colour = premultiplied[..., :3] * 255.0 / np.maximum(premultiplied[..., 3:], 1e-3)
    return np.concatenate([np.where(alpha > 0, np.rint(colour.clip(0.0, 255.0)), 0.0), alpha], axis=2).astype(np.uint8)


Channels = Literal[1, 3, 4]
DECODERS: dict[int, Callable[[bytes, int], np.ndarray]] = {1: grey, 3: over_white, 4: rgba}
"""By the number of channels."""


def channels_of(colours: int) -> Channels:
    """What is decoded for a space of so many colours: grey and RGBA as they are, anything else in three."""
    return {1: 1, 4: 4}.get(colours, 3)  # type: ignore[return-value]
