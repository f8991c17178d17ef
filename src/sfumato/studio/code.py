"""The code that the network works in: a photo's latents and what the decoder makes of them, changed or not."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, UInt8

from sfumato.arrays import as_numpy
from sfumato.errors import ShapeError
from sfumato.model import Model
from sfumato.studio.denoise import Latents, Picture, decoded, encoded


@dataclass(frozen=True, eq=False, kw_only=True)
class Code:
    """A photo as the model sees it, its latents, and what comes back; both pictures over white."""

    photo: Picture
    z: Latents
    back: Picture


def code_of(model: Model, photo: UInt8[np.ndarray, "h w 3"]) -> Code:
    """There and back."""
    from PIL import Image

    given = torch.from_numpy(model.canvas(Image.fromarray(photo)).under.image)
    z = encoded(model, photo)
    return Code(photo=as_numpy(given)[0, :3], z=as_numpy(z)[0], back=decoded(model, z))


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
    return decoded(model, torch.from_numpy(np.ascontiguousarray(z, np.float32).reshape(1, *shape)))
