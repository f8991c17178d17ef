"""A picture to begin from instead of pure noise, and the part of it that stays: img2img and inpainting.

Where drawing begins (Meng et al. 2022, "SDEdit", section 3): one jump of the forward process takes the picture to a
level between noise and data, and sampling goes on from there,

    x_t = alpha z_0 + sigma eps,        z_0 the encoder's mean, eps the seed's noise.

Where a part stays, the belief about it is certain. With m = 1 where the picture is drawn anew and 0 where it stays,

    x0_hat = m x0_hat + (1 - m) z_0,    eps_hat = m eps_hat + (1 - m) (x_t - alpha z_0) / sigma.

A sampler that believes z_0 steps to q(x_s | x_t, z_0): the known part is there at every level with that level's noise,
as RePaint puts it there (Lugmayr et al. 2022, eq. 8a), but along one path and inside any sampler, those of several
steps too; the network sees it beside what it draws. RePaint's resampling (its algorithm 1, U > 1) is not done.

Accuracy: exact where the drawn part does not depend on the known one; else as good as the network's belief, which has
seen the known part with noise alone (tests/test_underpainting.py).
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float32, UInt8

from sfumato.arrays import like
from sfumato.autoencoder import Autoencoder
from sfumato.process.forward import jump
from sfumato.process.prediction import Prediction
from sfumato.process.schedule import Level
from sfumato.samplers.base import Denoise
from sfumato.types import Latent


@dataclass(frozen=True, eq=False, kw_only=True)
class Underpainting:
    """The picture [1, colours, H, W] in [-1, 1] at the size that is drawn; what is redrawn; the hashes of both.

    redrawn: above 0 where the picture is drawn anew; None where nothing is kept. init, mask: as in the recipe.
    """

    image: Float32[np.ndarray, "1 colours H W"]
    redrawn: UInt8[np.ndarray, "H W"] | None = None
    init: str
    mask: str = ""

    def cells(self, factor: int) -> Float32[np.ndarray, "1 1 h w"] | None:
        """[1, 1, h, w]: 1 in a latent if any of its factor x factor pixels is redrawn, else 0."""
        if self.redrawn is None:
            return None
        height, width = self.redrawn.shape
        blocks = (self.redrawn > 0).reshape(height // factor, factor, width // factor, factor)
        return np.asarray(blocks.any(axis=(1, 3)), np.float32)[None, None]


def over(
    autoencoder: Autoencoder, under: Underpainting, eps: Latent, start: Level, denoise: Denoise
) -> tuple[Latent, Denoise]:
    """Where drawing over a picture begins [b, c, h, w], and what is believed on the way."""
    z_0 = autoencoder.encode(like(under.image, eps)).mean
    cells = under.cells(autoencoder.factor)
    x = jump(z_0, eps, start)
    return x, denoise if cells is None else holding(denoise, z_0, like(cells, eps))


def holding(denoise: Denoise, z_0: Latent, cells: Latent) -> Denoise:
    """The same beliefs where `cells` is 1; certainty of z_0 where it is 0."""

    def held(x_t: Latent, level: Level, /) -> Prediction:
        belief, stays = denoise(x_t, level), 1.0 - cells
        return replace(
            belief,
            x0_hat=cells * belief.x0_hat + stays * z_0,
            eps_hat=cells * belief.eps_hat + stays * ((x_t - level.alpha * z_0) / level.sigma),
        )

    return held
