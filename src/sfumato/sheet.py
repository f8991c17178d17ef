"""Several pictures in one file: side by side, or one after the other."""

import io
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import PIL.Image
from PIL.PngImagePlugin import PngInfo

from sfumato.atomic import write_file
from sfumato.corpus.decode import composited
from sfumato.errors import OutputError
from sfumato.picture import Picture
from sfumato.provenance.record import open_record, private_record
from sfumato.provenance.xmp import packet
from sfumato.recipe import canonical

GAP = 4
"""Pixels between two pictures."""

ROW = 8
"""The most pictures that stand in one row before there is a second."""

SECONDS, REST = 0.12, 0.8
"""How long an animation shows a picture, and the two at its ends."""

KINDS = (".png", ".gif")


def kind_of(path: Path) -> str:
    """What a name asks for: ".png" side by side, ".gif" one after the other. Raises OutputError for another name."""
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise OutputError(
            f"{path} ends in {path.suffix or 'no suffix'!r}; a sheet is written as .png, an animation as .gif"
        )
    return kind


def write_sheet(path: Path, pictures: Sequence[Picture], *, private: bool = False) -> Path:
    """Write all pictures, in order, into one file that does not exist yet. Raises OutputError."""
    write_file(path, encoded(pictures, kind_of(path), private=private), replace=False)
    return path


def encoded(pictures: Sequence[Picture], kind: str, *, private: bool = False) -> bytes:
    """The bytes of the file: a PNG with every picture's record in its text "sfumato-sheet", or a GIF.

    private: without prompts and seeds, as in each picture.
    """
    buffer = io.BytesIO()
    records = [private_record(p.recipe) if private else open_record(p.recipe) for p in pictures]
    if kind == ".gif":
        frames = [
            opaque(picture.image).quantize(256, dither=PIL.Image.Dither.NONE) for picture in there_and_back(pictures)
        ]
        ends = {0, len(pictures) - 1}
        times = [round(1000 * (REST if k in ends else SECONDS)) for k in range(len(frames))]
        words = f"Sfumato, model {records[0].public['model']}: made by a trained algorithm".encode("ascii", "replace")
        frames[0].save(
            buffer, "GIF", save_all=True, append_images=frames[1:], duration=times, loop=0, comment=words, disposal=2
        )
        return buffer.getvalue()
    info = PngInfo()
    info.add_itxt("sfumato-sheet", canonical([record.public for record in records]))
    info.add_itxt("XML:com.adobe.xmp", packet(records[0]).decode())
    side_by_side([picture.image for picture in pictures]).save(buffer, "PNG", pnginfo=info, optimize=True)
    return buffer.getvalue()


def side_by_side(images: Sequence[PIL.Image.Image]) -> PIL.Image.Image:
    """In rows of equal length, at most `ROW`; clear between them where they are transparent, else white."""
    columns = math.ceil(len(images) / math.ceil(len(images) / ROW))
    width, height = (max(image.size[axis] for image in images) + GAP for axis in (0, 1))
    clear = any(image.mode == "RGBA" for image in images)
    size = (columns * width - GAP, math.ceil(len(images) / columns) * height - GAP)
    whole = PIL.Image.new("RGBA" if clear else "RGB", size, (255, 255, 255, 0) if clear else (255, 255, 255))
    for k, image in enumerate(images):
        whole.paste(image, (k % columns * width, k // columns * height))
    return whole


def there_and_back(pictures: Sequence[Picture]) -> list[Picture]:
    """First to last, and back to the second: played again and again, nothing jumps."""
    return [*pictures, *pictures[-2:0:-1]]


def opaque(image: PIL.Image.Image) -> PIL.Image.Image:
    """What shows over white: a GIF's pixels are clear or not, and nothing between."""
    return PIL.Image.fromarray(composited(np.asarray(image))) if image.mode == "RGBA" else image
