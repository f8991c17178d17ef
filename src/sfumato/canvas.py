"""The picture that a user gives to draw over, and which part of it is drawn anew: read, sized, hashed, pasted back.

Hashes are of pixels, as `Picture.pixels_sha256` is: the same picture in another file is the same. What the mask leaves
(0: black) is in the finished picture bit for bit; what it gives (255: white) is the model's; grey mixes the two.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL.Image
from jaxtyping import Float32, UInt8

from sfumato.alpha import premultiplied, straight
from sfumato.corpus.decode import composited, scaled
from sfumato.corpus.opening import opened
from sfumato.errors import CorpusError, RecipeError
from sfumato.picture import Picture, to_bytes
from sfumato.underpainting import Underpainting

Source = str | os.PathLike[str] | PIL.Image.Image | Picture
"""A picture: a file, a Pillow image, or one that was drawn before."""

LIMIT = 64 << 20
STRENGTH = 0.6


@dataclass(frozen=True, eq=False)
class Canvas:
    """What is given (straight alpha) and what is redrawn, at the finished size; and the same for the pipeline."""

    pixels: UInt8[np.ndarray, "H W 4"]
    redrawn: UInt8[np.ndarray, "H W"] | None
    under: Underpainting
    notes: tuple[str, ...] = ()

    @property
    def strength(self) -> float:
        """The share of the steps where nobody says: all of them, but for a picture that is only to be changed."""
        return STRENGTH if self.redrawn is None else 1.0

    def refuse_other(self, size: tuple[int, int]) -> None:
        """Raise RecipeError unless a finished picture of this (width, height) is what the canvas was opened for."""
        height, width = self.pixels.shape[:2]
        if size != (width, height):
            raise RecipeError(
                f"the canvas is {width}x{height}, the finished picture {size[0]}x{size[1]}; open it with the same size "
                "and scale"
            )

    def paste(self, made: UInt8[np.ndarray, "H W c"], background: str) -> UInt8[np.ndarray, "H W c"]:
        """What was made (RGB over `background`, or RGBA) where it was asked for, and what was given elsewhere."""
        if self.redrawn is None:
            return made
        self.refuse_other((made.shape[1], made.shape[0]))
        given = self.pixels if made.shape[-1] == 4 else laid(self.pixels, background)
        share = self.redrawn[None, None].astype(np.float32) / 255.0
        mixed = share * signed(made) + (1.0 - share) * signed(given)
        out = straight(mixed)[0]
        out = np.ascontiguousarray(out[..., : made.shape[-1]])
        out[self.redrawn == 0], out[self.redrawn == 255] = given[self.redrawn == 0], made[self.redrawn == 255]
        return out


def open_canvas(init: Source, mask: Source | None, *, size: tuple[int, int], scale: int, colours: int) -> Canvas:
    """The picture `init` and the mask (white is drawn anew), for a picture that is drawn at `size` and scaled.

    Either may have any size of the same shape: both are brought to the finished size by Lanczos (a mask by the mean
    over blocks), and the picture is drawn over at `size`. colours: 4 for a model that knows alpha, else 3, or 1 for
    grey: then a transparent picture is laid over white.

    Raises:
        RecipeError: a file that cannot be read, another shape, or a mask that asks for nothing.
    """
    width, height = scale * size[0], scale * size[1]
    given = read(init, "init")
    pixels, notes = np.asarray(given.convert("RGBA")), ()
    refuse_shape(given, size, "init")
    if given.size != (width, height):
        pixels = scaled(given.convert("RGBA"), (width, height))
        notes = (f"init has {given.width}x{given.height} pixels; it is used at {width}x{height}",)
    spots = None if mask is None else read(mask, "mask")
    redrawn = None if spots is None else mask_of(spots, (width, height), size)
    drawn = pixels if scale == 1 else scaled(PIL.Image.fromarray(pixels), size)
    image = premultiplied(drawn[None]) if colours == 4 else signed(flat(drawn, colours))[:, : min(colours, 3)]
    under = Underpainting(
        image=np.ascontiguousarray(image),  # in memory as drawn pictures are: kernels are chosen by it
        redrawn=None if redrawn is None else blocks(redrawn, scale).max(axis=(1, 3)),
        init=digest(given),
        mask="" if spots is None else digest(spots),
    )
    return Canvas(pixels, redrawn, under, notes)


def flat(pixels: UInt8[np.ndarray, "H W 4"], colours: int) -> UInt8[np.ndarray, "H W 3"]:
    """The picture over white; in shades of grey where the model knows no colour."""
    seen = composited(pixels)
    return np.asarray(PIL.Image.fromarray(seen).convert("L").convert("RGB")) if colours == 1 else seen


def mask_of(given: PIL.Image.Image, finished: tuple[int, int], size: tuple[int, int]) -> UInt8[np.ndarray, "H W"]:
    """A mask's lightness over black at the finished size: 0 stays, 255 is drawn anew."""
    refuse_shape(given, size, "mask")
    black = PIL.Image.new("RGBA", given.size, (0, 0, 0, 255))
    black.alpha_composite(given.convert("RGBA"))
    grey = np.asarray(black.convert("L").resize(finished, PIL.Image.Resampling.BOX))
    if not grey.any():
        raise RecipeError("the mask is black everywhere, so nothing is drawn; paint white what is to be drawn anew")
    return grey


def blocks(values: UInt8[np.ndarray, "H W"], side: int) -> UInt8[np.ndarray, "h side w side"]:
    """In squares of side x side."""
    height, width = values.shape
    return values.reshape(height // side, side, width // side, side)


def read(source: Source, what: str) -> PIL.Image.Image:
    """The picture as RGB or RGBA, from whatever it is. Raises RecipeError."""
    if isinstance(source, Picture):
        return source.image
    if isinstance(source, PIL.Image.Image):
        return source if source.mode == "RGBA" else source.convert("RGBA" if source.has_transparency_data else "RGB")
    path = Path(source)
    try:
        if path.stat().st_size > LIMIT:
            raise RecipeError(f"{what} {path} is larger than {LIMIT >> 20} MiB; give a smaller picture")
        return opened(path.read_bytes()).picture
    except OSError as problem:
        raise RecipeError(
            f"cannot read {what} {path}: {(problem.strerror or 'error').lower()}; check its name"
        ) from problem
    except CorpusError as problem:
        raise RecipeError(f"{what} {path} cannot be used: {problem}") from problem


def refuse_shape(given: PIL.Image.Image, size: tuple[int, int], what: str) -> None:
    """Raise RecipeError for a picture of another shape than the one that is drawn."""
    if given.width * size[1] != given.height * size[0]:
        raise RecipeError(
            f"{what} has {given.width}x{given.height} pixels, another shape than the {size[0]}x{size[1]} "
            "that is drawn; crop it first"
        )


def digest(given: PIL.Image.Image) -> str:
    """sha256 of the pixels, RGB or RGBA: that of `Picture.pixels_sha256`."""
    return hashlib.sha256(given.tobytes()).hexdigest()


def signed(pixels: UInt8[np.ndarray, "H W c"]) -> Float32[np.ndarray, "1 4 H W"]:
    """Premultiplied in [-1, 1], opaque where there is no alpha."""
    if pixels.shape[-1] == 3:
        pixels = np.concatenate([pixels, np.full_like(pixels[..., :1], 255)], axis=-1)
    return premultiplied(pixels[None])


def laid(pixels: UInt8[np.ndarray, "H W 4"], background: str) -> UInt8[np.ndarray, "H W 3"]:
    """What shows of the picture over a background; the colours themselves where it is opaque."""
    seen = to_bytes(premultiplied(pixels[None]), background)[0]
    return np.where(pixels[..., 3:] == 255, pixels[..., :3], seen)
