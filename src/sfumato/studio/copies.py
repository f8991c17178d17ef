"""Did it learn or did it copy? Who draws the picture that is looked up, and what of another is mixed into it."""

from functools import lru_cache
from typing import Literal, get_args

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from sfumato import rng
from sfumato.arrays import as_numpy
from sfumato.corpus.decode import over_white_picture
from sfumato.errors import RecipeError
from sfumato.evaluate.copies import recompressed
from sfumato.evaluate.features import SIZE
from sfumato.model import Model
from sfumato.picture import to_bytes
from sfumato.process.grid import GRIDS
from sfumato.process.oracle import Empirical
from sfumato.rng import PerSample
from sfumato.samplers import DDIM
from sfumato.studio.at_hand import AtHand, Pixels
from sfumato.studio.denoise import Latents, encoded, there

LEARNT = 32
"""Pictures that the perfect denoiser is made of, where there are so many: the first in the order of a hash."""

STEPS = 20
"""Of its way down."""

MOVED = 4
"""Pixels to the right."""

DARKER = 0.9
"""What is left of every grey level."""

Manner = Literal["same", "jpeg", "moved", "darker", "mirrored"]
MANNERS: tuple[Manner, ...] = get_args(Manner)
Who = Literal["model", "perfect", "photo"]
WHO: tuple[Who, ...] = get_args(Who)


@lru_cache(maxsize=16)
def drawn(model: Model, prompt: str, seed: int) -> Pixels:
    """What the model draws with its own settings, over white, 128 pixels a side."""
    (picture,) = model.generate(prompt, seed=seed)
    return over_white_picture(picture.image, SIZE)


@lru_cache(maxsize=2)
def perfect(model: Model, pictures: AtHand) -> Empirical:
    """The exact minimiser of the training loss on the latents of LEARNT pictures: E[x_0 | x_t] over them alone."""
    latents = [as_numpy(encoded(model, pictures.picture(int(k))))[0] for k in pictures.order[:LEARNT]]
    return Empirical(np.stack(latents).astype(np.float64))


def recalled(model: Model, pictures: AtHand, seed: int) -> Latents:
    """Where the perfect denoiser leads the seed's noise, by DDIM on the model's own schedule: x_0 in latents."""
    oracle = perfect(model, pictures)
    x = rng.normal(seed, oracle.points.shape[1:], stream=rng.INITIAL)[None].astype(np.float64)
    levels = GRIDS[model.recipe().grid](model.bundle.schedule, STEPS)
    for step in DDIM()(oracle, x, levels, PerSample((seed,))):
        x = step.x_next
    return x[0].astype(np.float32)


def looked_up(model: Model, pictures: AtHand, who: Who, *, prompt: str, seed: int, photo: Pixels) -> Pixels:
    """The picture that is looked up: the model's, the perfect denoiser's, or a photo. Raises RecipeError."""
    if who == "model":
        return drawn(model, prompt, seed)
    if who == "perfect":
        latent = there(model, recalled(model, pictures, seed))[None]
        return over_white_picture(Image.fromarray(to_bytes(model.bundle.autoencoder.decode(latent))[0]), SIZE)
    if who == "photo":
        return photo
    raise RecipeError(f"who is {str(who)[:20]!r}; expected one of {', '.join(WHO)}")


def copy_of(picture: UInt8[np.ndarray, "s s 3"], manner: Manner) -> UInt8[np.ndarray, "s s 3"]:
    """A picture as a copier might give it: to the bit, as a JPEG of quality 50, moved, darker, or mirrored.

    Raises:
        RecipeError: another manner.
    """
    if manner == "same":
        return picture
    if manner == "jpeg":
        return recompressed(picture)
    if manner == "moved":
        return np.roll(picture, MOVED, axis=1)
    if manner == "darker":
        return np.rint(DARKER * picture.astype(np.float64)).astype(np.uint8)
    if manner == "mirrored":
        return np.ascontiguousarray(picture[:, ::-1])
    raise RecipeError(f"manner is {str(manner)[:20]!r}; expected one of {', '.join(MANNERS)}")


def mixed(made: Pixels, copy: Pixels, share: float) -> Pixels:
    """(1 - share) made + share copy, rounded to bytes: share 0 is the picture made, 1 the copy."""
    return np.rint((1.0 - share) * made.astype(np.float64) + share * copy).astype(np.uint8)
