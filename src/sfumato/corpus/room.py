"""Memory for pictures while they are unpacked: what one takes, and as many at a time as fit."""

import contextlib
import math
import threading
from collections.abc import Iterator

from PIL import ImageFile, JpegImagePlugin

ROOM = 224 << 20
"""Bytes for all pictures that are unpacked at a time. With all that is beside them an import stays below 300 MB."""
PICTURE = 4
"""Bytes of a pixel as Pillow keeps most: RGB, too."""


class Room:
    """So many bytes, of which threads take what they need and wait while there is too little left."""

    def __init__(self, count: int) -> None:
        self._left = count
        self._change = threading.Condition()

    @contextlib.contextmanager
    def taken(self, count: int) -> Iterator[None]:
        """Hold so many while the block lasts; never more than there are at all."""
        with self._change:
            self._change.wait_for(lambda: self._left >= count)
            self._left -= count
        try:
            yield
        finally:
            with self._change:
                self._left += count
                self._change.notify_all()


def needed(file: ImageFile.ImageFile, kind: str, data: bytes, turned: bool) -> int:
    """The most bytes that a picture and its file take while it is unpacked, from what the file says before that.

    A second picture stands beside the first where it is put into another mode or is turned. WebP's decoder has two
    canvases and hands its frame over as bytes. JPEG in several scans is kept as coefficients until the last one.
    """
    plain = file.mode == ("RGBA" if file.has_transparency_data else "RGB") and kind != "GIF"
    each = PICTURE if plain and not turned else 2 * PICTURE
    if kind == "WEBP":
        each = 4 * PICTURE
    elif isinstance(file, JpegImagePlugin.JpegImageFile):
        each = max(each, PICTURE + coefficients(file, data))
    elif kind == "PNG" and getattr(file, "is_animated", False):
        each += 2 * PICTURE  # what a frame is laid over, and what it leaves
    return len(data) + math.ceil(each * file.size[0] * file.size[1])


def coefficients(file: JpegImagePlugin.JpegImageFile, data: bytes) -> float:
    """Bytes a pixel of the coefficients that are kept, 2 a sample; 0 where one scan, the first, brings all."""
    count = len(file.layer)
    scan = (file.fp.tell() if file.fp else 0) - 2 * count - 8  # where its marker is: just behind it, all is read
    whole = data[max(0, scan) :][:5] == b"\xff\xda" + (2 * count + 6).to_bytes(2, "big") + bytes([count])
    if whole and not file.info.get("progressive"):
        return 0.0
    _, across, down, _ = zip(*file.layer, strict=True)
    samples = sum(a * d for a, d in zip(across, down, strict=True)) / (max(across) * max(down))
    return 2.0 * samples
