"""A finished picture: pixels with the recipe that made them."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
from jaxtyping import UInt8

from sfumato.alpha import colour_of, over, premultiplied, shown, straight
from sfumato.arrays import as_numpy
from sfumato.atomic import write_file
from sfumato.corpus.decode import scaled
from sfumato.provenance.files import encode, format_of
from sfumato.provenance.record import Record, open_record, private_record
from sfumato.recipe import Recipe
from sfumato.types import Image


def to_bytes(image: Image, background: str = "white") -> UInt8[np.ndarray, "b H W c"]:
    """Pictures [b, c, H, W] in [-1, 1], clipped, as bytes: round(127.5 (x + 1)).

    Pictures with alpha are laid over `background` ("white", "#rrggbb"), or become straight RGBA for "transparent".
    """
    x = as_numpy(image).astype(np.float32)
    if x.shape[1] == 1:
        x = shown(x)
    if x.shape[1] == 4:
        pixels = straight(x)
        if background == "transparent":
            return pixels
        x = over(premultiplied(pixels), np.array(colour_of(background), np.float32)[:, None, None])
    return np.rint((np.clip(x, -1.0, 1.0) + 1.0) * 127.5).astype(np.uint8).transpose(0, 2, 3, 1)


def enlarged(pixels: UInt8[np.ndarray, "H W c"], scale: int) -> UInt8[np.ndarray, "h w c"]:
    """Pixels `scale` times as large each way, by Pillow's Lanczos (3 lobes); colours weigh by their alpha."""
    if scale == 1:
        return pixels
    image, (height, width) = PIL.Image.fromarray(pixels), pixels.shape[:2]
    size = (scale * width, scale * height)
    return scaled(image, size) if image.mode == "RGBA" else np.array(image.resize(size, PIL.Image.Resampling.LANCZOS))


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture and how to make it again. It shows itself in a notebook."""

    image: PIL.Image.Image
    recipe: Recipe
    notes: tuple[str, ...] = field(default=())

    @classmethod
    def from_pixels(cls, pixels: UInt8[np.ndarray, "H W c"], recipe: Recipe, notes: tuple[str, ...] = ()) -> "Picture":
        """A picture from bytes."""
        return cls(PIL.Image.fromarray(pixels), recipe, notes)

    @property
    def pixels_sha256(self) -> str:
        """The hash of the pixels alone: equal where two pictures are the same, whatever file they are in."""
        return hashlib.sha256(self.image.tobytes()).hexdigest()

    def encode(self, kind: str = "png", *, private: bool = False) -> tuple[bytes, Record]:
        """The picture as a file of `kind` (png, jpeg, webp) with its record inside; the record is answered too."""
        record = private_record(self.recipe) if private else open_record(self.recipe)
        return encode(self.image, record, kind), record

    def save(self, path: str | Path, *, private: bool = False) -> Path:
        """Write the picture, whole or not at all, in the format that the name asks for (.png, .jpg, .webp).

        private: the file holds a salted hash instead of the prompt; the recipe goes to a file of the same name with
        .json after it.

        Raises:
            OutputError: the folder is missing, read-only or full, or the name ends in no known format.
        """
        target = Path(path)
        data, record = self.encode(format_of(target), private=private)
        write_file(target, data)
        if private:
            write_file(target.with_name(target.name + ".json"), record.sidecar)
        return target

    def _repr_png_(self) -> bytes:
        return self.encode("png")[0]

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """What a notebook shows: the picture, and the prompt as its text."""
        return {"image/png": self._repr_png_(), "text/plain": repr(self)}

    def __repr__(self) -> str:
        width, height = self.image.size
        return f"Picture({self.recipe.prompt!r}, seed {self.recipe.seed}, {width}x{height})"
