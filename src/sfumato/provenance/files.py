"""Pictures as files with their record inside, and the record out of files that are not trusted.

| format | record (canonical JSON)             | XMP                       |
|--------|-------------------------------------|---------------------------|
| PNG    | iTXt chunk "sfumato"                | iTXt "XML:com.adobe.xmp"  |
| JPEG   | EXIF UserComment                    | APP1                      |
| WebP   | EXIF UserComment                    | XMP chunk                 |
"""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
from jaxtyping import UInt8
from PIL.PngImagePlugin import PngInfo

from sfumato.errors import OutputError, RecipeError
from sfumato.provenance.record import Record, read_record, with_sidecar
from sfumato.provenance.xmp import packet

FORMATS = {"png": "PNG", "jpeg": "JPEG", "webp": "WEBP"}
SUFFIXES = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp"}
FILE_LIMIT = 64 << 20
PIXEL_LIMIT = 32 << 20
TEXT_LIMIT = 1 << 20
EXIF_IFD, USER_COMMENT, SOFTWARE = 0x8769, 0x9286, 0x0131
ASCII = b"ASCII\0\0\0"


def format_of(path: Path) -> str:
    """The format that a file's name asks for. Raises OutputError for a name that asks for none of ours."""
    kind = SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise OutputError(f"{path} ends in {path.suffix or 'no suffix'!r}; pictures are written as .png, .jpg or .webp")
    return kind


def encode(image: PIL.Image.Image, record: Record, kind: str, texts: Mapping[str, str] | None = None) -> bytes:
    """The bytes of a picture file of `kind` (png, jpeg, webp) that carries its record. PNG and WebP are lossless.

    texts: further chunks of a PNG by their keywords: tEXt where they are Latin-1, else iTXt.
    """
    options: dict[str, Any] = {}
    if kind == "jpeg" and image.mode == "RGBA":
        raise OutputError("a JPEG cannot be transparent; write png or webp, or choose a --background")
    if kind == "png":
        info = PngInfo()
        info.add_itxt("sfumato", record.text)
        info.add_itxt("XML:com.adobe.xmp", packet(record).decode())
        for keyword, text in (texts or {}).items():
            info.add_text(keyword, text)
        options = {"pnginfo": info, "optimize": True}
    elif kind in FORMATS:
        exif = PIL.Image.Exif()
        exif[SOFTWARE] = "Sfumato"
        exif.get_ifd(EXIF_IFD)[USER_COMMENT] = ASCII + record.text.encode("ascii")
        options = {"exif": exif.tobytes(), "xmp": packet(record)}
        options |= {"quality": 95, "subsampling": 0} if kind == "jpeg" else {"lossless": True, "quality": 100}
    else:
        raise OutputError(f"unknown format {kind!r}; pictures are written as {', '.join(FORMATS)}")
    buffer = io.BytesIO()
    image.save(buffer, FORMATS[kind], **options)
    return buffer.getvalue()


def read(path: str | Path) -> tuple[Record, UInt8[np.ndarray, "H W c"], str]:
    """The record and pixels (RGB, or RGBA) of a picture file and its format, from a file that anybody may have made.

    A private picture's sidecar is read too where it lies beside it.

    Raises:
        RecipeError: no such file, no picture of ours, too large, damaged, or without a recipe.
    """
    path = Path(path)
    data = _bytes(path)
    try:
        with PIL.Image.open(io.BytesIO(data), formats=list(FORMATS.values())) as image:
            if image.width * image.height > PIXEL_LIMIT:
                raise RecipeError(f"{path} has {image.width}x{image.height} pixels; at most {PIXEL_LIMIT} are read")
            kind = {v: k for k, v in FORMATS.items()}[str(image.format)]
            image.load()
            text = _text(image)
            pixels = pixels_of(image)
    except RecipeError:
        raise
    except Exception as problem:  # decoders raise many kinds on damaged files; all mean the same here
        raise RecipeError(f"{path} is not a readable PNG, JPEG or WebP picture; it may be damaged") from problem
    if not text:
        raise RecipeError(f"{path} carries no Sfumato recipe; another program may have removed it, or never put one in")
    record = read_record(text)
    sidecar = path.with_name(path.name + ".json")
    if record.private and sidecar.is_file():
        record = with_sidecar(record, _bytes(sidecar))
    return record, pixels, kind


def pixels_of(image: PIL.Image.Image) -> UInt8[np.ndarray, "H W c"]:
    """RGB, or RGBA where the picture has an alpha channel."""
    return np.asarray(image.convert("RGBA" if image.mode == "RGBA" else "RGB"))


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > FILE_LIMIT:
            raise RecipeError(f"{path} is larger than {FILE_LIMIT >> 20} MiB; no picture of that size is read")
        return path.read_bytes()
    except OSError as problem:
        raise RecipeError(f"cannot read {path}: {(problem.strerror or 'error').lower()}; check its name") from problem


def _text(image: PIL.Image.Image) -> str:
    """The text of the record, or nothing; capped, since text may be packed a thousandfold."""
    if image.format == "PNG":
        text = str(getattr(image, "text", {}).get("sfumato", ""))
    else:
        comment = image.getexif().get_ifd(EXIF_IFD).get(USER_COMMENT, b"")
        raw = comment if isinstance(comment, bytes) else str(comment).encode("latin-1", "replace")
        text = raw.removeprefix(ASCII).decode("ascii", "replace") if raw.startswith(ASCII) else ""
    if len(text) > TEXT_LIMIT:
        raise RecipeError(f"the picture's text has {len(text)} characters; at most {TEXT_LIMIT} are read")
    return text
