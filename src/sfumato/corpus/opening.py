"""One picture's bytes to an upright 8-bit picture with its alpha, never trusting the bytes."""

import contextlib
import io
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import BmpImagePlugin, GifImagePlugin, Image, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from sfumato.corpus.kind import kind_of
from sfumato.errors import CorpusError

READERS: dict[str, type[ImageFile.ImageFile]] = {
    "PNG": PngImagePlugin.PngImageFile,
    "JPEG": JpegImagePlugin.JpegImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
}
MAX_PIXELS = 64_000_000
MAX_ASPECT = 100
LARGE_PIXELS = 4_000_000
ORIENTATION = 0x0112
TURNS = {
    2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE", 6: "ROTATE_270", 7: "TRANSVERSE",
    8: "ROTATE_90",
}  # fmt: skip
"""EXIF's orientation (2..8) and what makes the picture upright again."""

_large = threading.Lock()


@dataclass(frozen=True, eq=False)
class Opened:
    """An upright picture, "RGB" or "RGBA" (straight alpha), what the file is, and whether it has further frames."""

    picture: Image.Image
    kind: str
    animated: bool


@contextlib.contextmanager
def opening(data: bytes) -> Iterator[Opened]:
    """The first frame of a PNG, JPEG, WebP, GIF or BMP picture, turned as its EXIF orientation says.

    16-bit grey becomes round(v / 257); 16-bit colours lose their low byte. CMYK becomes (1 - c)(1 - k), without a
    colour profile. Palettes and colour keys keep their transparency. Of threads that open large pictures at a time one
    goes on while the block lasts, so that one such picture is in memory and not eight.
    Raises CorpusError with the reason, for any bytes.
    """
    kind = kind_of(data)
    with contextlib.ExitStack() as held:
        try:
            file = held.enter_context(READERS[kind](io.BytesIO(data)))
            width, height = file.size
            refuse_size(width, height)
            if width * height > LARGE_PIXELS:
                held.enter_context(_large)
            found = Opened(upright(plain_mode(file), file), kind, animated(file))
        except CorpusError:
            raise
        except Exception as error:  # decoders raise many types on damaged bytes, SyntaxError among them
            cut = "truncated" in str(error).lower()
            raise CorpusError(f"its picture, a {kind}, is {'cut short' if cut else 'damaged'}: get it anew") from error
        yield found


def opened(data: bytes) -> Opened:
    """The same, to be kept: for a picture at a time."""
    with opening(data) as found:
        return found


def refuse_size(width: int, height: int) -> None:
    """Raise CorpusError for a picture that is too large to unpack, or a mere line."""
    if width * height > MAX_PIXELS:
        raise CorpusError(f"its picture has {width}x{height} pixels, above the limit of {MAX_PIXELS}: make it smaller")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise CorpusError(f"its picture has {width}x{height} pixels, more than {MAX_ASPECT} times as long as wide")


def plain_mode(file: Image.Image) -> Image.Image:
    """The picture as RGBA, or as RGB where it is opaque everywhere by its kind."""
    file.load()
    if file.mode.startswith("I"):
        grey = np.asarray(file).astype(np.int64)
        levels = Image.fromarray(np.rint(grey.clip(0, 65535) / 257.0).astype(np.uint8))
        key = file.info.get("transparency")
        if not isinstance(key, int):
            return levels.convert("RGB")
        levels = levels.convert("RGBA")
        levels.putalpha(Image.fromarray(np.where(grey == key, 0, 255).astype(np.uint8)))
        return levels
    return file.convert("RGBA" if file.has_transparency_data else "RGB")


def upright(picture: Image.Image, file: Image.Image) -> Image.Image:
    """The picture turned as the file's EXIF orientation says; as it is where that is missing or damaged."""
    try:
        turn = TURNS.get(file.getexif().get(ORIENTATION, 1))
    except Exception:  # EXIF is a TIFF inside the picture, with all that can be wrong in one
        turn = None
    return picture.transpose(Image.Transpose[turn]) if turn else picture


def animated(file: Image.Image) -> bool:
    """Whether there is a second frame, sound or not."""
    try:
        return bool(getattr(file, "is_animated", False))
    except Exception:  # the second frame is damaged
        return True


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """What decoders warn of is told by us, file by file. For the thread that starts the others: filters are global."""
    with warnings.catch_warnings(action="ignore"):
        yield
