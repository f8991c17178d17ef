"""One picture's bytes to 8-bit RGB over white, never trusting the bytes."""

import io

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from sfumato.errors import CorpusError

FORMATS = ("PNG", "JPEG", "WEBP")
MAX_PIXELS = 64_000_000


def over_white(data: bytes, size: int) -> UInt8[np.ndarray, "h w 3"]:
    """Decode PNG, JPEG or WebP, lay straight alpha over white, and fit it in size x size.

    out = alpha rgb + (1 - alpha) 255, rounded. A picture that is not square is centred on a white square first; scaling
    (Lanczos) comes after the compositing, which is the same as scaling premultiplied colours.
    Raises CorpusError with the reason.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise CorpusError(
                    f"its picture has {opened.width}x{opened.height} pixels, above the limit of {MAX_PIXELS}"
                )
            rgba = np.asarray(opened.convert("RGBA"), np.float32)
    except CorpusError:
        raise
    except Exception as error:  # decoders raise many types on damaged bytes, SyntaxError among them
        raise CorpusError("its picture cannot be decoded (PNG, JPEG and WebP can)") from error
    alpha = rgba[..., 3:] / 255.0
    rgb = np.rint(rgba[..., :3] * alpha + 255.0 * (1.0 - alpha)).astype(np.uint8)
    rgb = square(rgb)
    if rgb.shape[0] == size:
        return rgb
    return np.asarray(Image.fromarray(rgb).resize((size, size), Image.Resampling.LANCZOS))


def square(rgb: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "s s 3"]:
    """The picture centred on the smallest white square that holds it."""
    height, width, _ = rgb.shape
    if height == width:
        return rgb
    side = max(height, width)
    out = np.full((side, side, 3), 255, np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    out[top : top + height, left : left + width] = rgb
    return out
