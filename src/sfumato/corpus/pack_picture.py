"""One picture on its way into a corpus pack: its bytes as they are stored, its size, the hash of its pixels."""

import hashlib
import io
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from PIL import Image

from sfumato.corpus.opening import opened
from sfumato.errors import CorpusError

Encoding = Literal["as given", "lossless WebP"]
ENCODINGS: tuple[Encoding, ...] = get_args(Encoding)


@dataclass(frozen=True)
class Packed:
    """A picture as it is stored."""

    data: bytes
    width: int
    height: int
    pixels_sha256: str


def packed(data: bytes, encoding: Encoding) -> Packed:
    """Decode a picture and, where asked, encode it anew: the same pixels, upright, 8 bits, the first frame.

    pixels_sha256 is that of width and height (4 bytes each, little-endian) and the upright picture's RGBA bytes, 0
    where alpha is 0: two files of one picture have the same, in whatever format. Raises CorpusError with the reason.
    """
    rgba = np.array(opened(data).picture.convert("RGBA"))
    rgba[rgba[..., 3] == 0] = 0
    height, width, _ = rgba.shape
    digest = hashlib.sha256(width.to_bytes(4, "little") + height.to_bytes(4, "little") + rgba.tobytes()).hexdigest()
    if encoding == "lossless WebP":
        data = as_webp(Image.fromarray(rgba))
    return Packed(data, width, height, digest)


def as_webp(picture: Image.Image) -> bytes:
    """Lossless WebP; without its alpha where that is 255 everywhere."""
    if max(picture.size) > 16383:
        raise CorpusError(f"its picture has {picture.width}x{picture.height} pixels; a side of WebP has at most 16383")
    if picture.getchannel("A").getextrema() == (255, 255):
        picture = picture.convert("RGB")
    sink = io.BytesIO()
    picture.save(sink, "WEBP", lossless=True, exact=True, method=4, quality=100)
    return sink.getvalue()
