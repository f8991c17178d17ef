"""One picture's bytes to an upright 8-bit picture with its alpha, never trusting the bytes."""

import contextlib
import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import BmpImagePlugin, GifImagePlugin, Image, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from sfumato.corpus.kind import kind_of
from sfumato.corpus.room import ROOM, Room, needed
from sfumato.errors import CorpusError

READERS: dict[str, type[ImageFile.ImageFile]] = {
    "PNG": PngImagePlugin.PngImageFile,
    "JPEG": JpegImagePlugin.JpegImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
}
MAX_ASPECT = 100
STRIP = 1 << 18
"""Pixels of a strip, of which a large picture is worked on."""
ORIENTATION = 0x0112
TURNS = {
    2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE", 6: "ROTATE_270", 7: "TRANSVERSE",
    8: "ROTATE_90",
}  # fmt: skip
"""EXIF's orientation (2..8) and what makes the picture upright again."""
TURNING = (b"eXIf", b"Raw profile type exif", b"com.adobe.xmp")
"""What a PNG holds that may say which side is up."""

_room = Room(ROOM)


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
    colour profile. Palettes and colour keys keep their transparency. Threads share ROOM bytes: a picture's part is held
    while the block lasts, so that several small ones are in memory at a time, or one large one.
    Raises CorpusError with the reason, for any bytes.
    """
    kind = kind_of(data)
    with contextlib.ExitStack() as held:
        try:
            file = held.enter_context(READERS[kind](io.BytesIO(data)))
            wanted = needed(file, kind, data, may_turn(file, kind, data))
            refuse_size(*file.size, wanted)
            held.enter_context(_room.taken(wanted))
            found = Opened(upright(plain_mode(file, kind), file), kind, animated(file))
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


def refuse_size(width: int, height: int, wanted: int) -> None:
    """Raise CorpusError for a picture that is too large to unpack, or a mere line."""
    said = f"its picture has {width}x{height} pixels"
    if wanted > ROOM:
        raise CorpusError(f"{said} and takes {wanted >> 20} MiB, above the limit of {ROOM >> 20}: make it smaller")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise CorpusError(f"{said}, more than {MAX_ASPECT} times as long as wide")


def plain_mode(file: Image.Image, kind: str) -> Image.Image:
    """The picture as RGBA, or as RGB where it is opaque everywhere by its kind."""
    file.load()
    if file.mode.startswith("I"):
        return eight_bits(file)
    mode = "RGBA" if file.has_transparency_data else "RGB"
    return file if file.mode == mode and kind != "GIF" else file.convert(mode)  # a GIF goes on to its next frame


def eight_bits(file: Image.Image) -> Image.Image:
    """16-bit grey as RGB, or as RGBA where one level is transparent."""
    key = file.info.get("transparency")
    keyed = isinstance(key, int)
    out = Image.new("RGBA" if keyed else "RGB", file.size)
    for top, strip in strips(file):
        grey = np.asarray(strip).astype(np.int64)
        bands = [np.rint(grey.clip(0, 65535) / 257.0)] * 3 + [np.where(grey == key, 0, 255)] * keyed
        out.paste(Image.fromarray(np.stack(bands, axis=2).astype(np.uint8)), (0, top))
    return out


def strips(picture: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """A picture from top to bottom in strips of its width, each with where it begins."""
    rows = max(1, STRIP // picture.width)
    for top in range(0, picture.height, rows):
        yield top, picture.crop((0, top, picture.width, min(top + rows, picture.height)))


def may_turn(file: Image.Image, kind: str, data: bytes) -> bool:
    """Whether the picture will be turned; of a PNG, which may say so at its end, whether it could say so at all."""
    return any(mark in data for mark in TURNING) if kind == "PNG" else turn_of(file) is not None


def turn_of(file: Image.Image) -> Image.Transpose | None:
    """What makes the picture upright, as its EXIF orientation says; None where that is missing or damaged."""
    try:
        name = TURNS.get(file.getexif().get(ORIENTATION, 1))
    except Exception:  # EXIF is a TIFF inside the picture, with all that can be wrong in one
        return None
    return Image.Transpose[name] if name else None


def upright(picture: Image.Image, file: Image.Image) -> Image.Image:
    """The picture turned as the file says; as it is where that says nothing."""
    turn = turn_of(file)
    return picture if turn is None else picture.transpose(turn)


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
