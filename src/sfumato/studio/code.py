"""The code that the network works in: a photo's latents and what the decoder makes of them, changed or not."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from PIL import Image

from sfumato.alpha import shown
from sfumato.arrays import as_numpy
from sfumato.errors import ShapeError
from sfumato.inspect.numbers import rms
from sfumato.model import Model
from sfumato.studio.denoise import Latents, Picture, decoded, encoded, there

LEVEL = 2.0 / 255.0
"""One grey level of a byte."""

Edits = Mapping[tuple[int, int, int], float]
"""New numbers by channel, row and column."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Code:
    """A photo as the model sees it, its latents, and what comes back; both pictures over white."""

    photo: Picture
    z: Latents
    back: Picture

    @property
    def error(self) -> float:
        """What is lost there and back, root mean square."""
        return rms(self.back - self.photo)


def code_of(model: Model, photo: UInt8[np.ndarray, "h w 3"]) -> Code:
    """There and back."""
    given = model.canvas(Image.fromarray(photo)).under.image
    z = encoded(model, photo)
    return Code(photo=as_numpy(shown(torch.from_numpy(given)))[0], z=as_numpy(z)[0], back=decoded(model, z))


def poked(z: Latents, edits: Edits) -> Latents:
    """The latents with some numbers changed."""
    changed = z.copy()
    for where, value in edits.items():
        changed[where] = value
    return changed


def footprint(before: Picture, after: Picture) -> dict[str, float]:
    """What changed between two pictures.

    moved: root mean square. pixels: how many differ in some colour by more than a grey level.
    """
    gap = np.abs(after.astype(np.float64) - before).max(0)
    return {"moved": rms(after - before), "pixels": float((gap > LEVEL).sum())}


def shape_of(model: Model) -> tuple[int, int, int]:
    """Channels, height and width of the latents that the model draws in."""
    space, (width, height) = model.bundle.autoencoder, model.recipe().size
    return space.channels, height // space.factor, width // space.factor


def picture_of(model: Model, z: Float32[np.ndarray, " n"] | Latents) -> Picture:
    """What the decoder makes of latents, flat or in their shape.

    Raises:
        ShapeError: not as many numbers as the model's latents have.
    """
    shape = shape_of(model)
    if z.size != np.prod(shape):
        raise ShapeError(f"the latents are {z.size} numbers; expected {' x '.join(map(str, shape))} of them")
    return decoded(model, there(model, np.ascontiguousarray(z, np.float32).reshape(1, *shape)))
