"""The autoencoder protocol over a trained VAE: latents in the units that the denoiser works in."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from sfumato.autoencoder import DiagonalGaussian
from sfumato.errors import ShapeError
from sfumato.nets.vae import VAE


@dataclass(frozen=True, eq=False)
class LatentSpace:
    """z = scale (z_raw - shift), so that the latents of the training pictures have mean 0 and variance 1.

    `scale` and `shift` are measured once on training pictures (train/latents.py) and stored with the weights; one
    number for all channels, as in Rombach et al. 2022 (section 3.3: first-stage latents of unit variance).
    """

    vae: VAE
    scale: float = 1.0
    shift: float = 0.0

    @property
    def factor(self) -> int:
        """How many pixels, along each side, one latent stands for."""
        return self.vae.factor

    @property
    def channels(self) -> int:
        """Channels of a latent."""
        return self.vae.z_channels

    @torch.no_grad()
    def encode(self, image: Float[Tensor, "b c H W"], /) -> DiagonalGaussian:
        """q(z|x) for pictures in [-1, 1]. Raises ShapeError where the sides are no multiple of `factor`."""
        height, width = image.shape[-2:]
        if height % self.factor or width % self.factor:
            raise ShapeError(
                f"a picture of {width}x{height} cannot be encoded: both sides must be multiples of {self.factor}"
            )
        mean, log_var = self.vae.encode(image)
        return DiagonalGaussian(self.scale * (mean - self.shift), self.scale * (0.5 * log_var).exp())

    @torch.no_grad()
    def decode(self, latent: Float[Tensor, "b z h w"], /) -> Float[Tensor, "b c H W"]:
        """The picture of a latent, not clipped."""
        return self.vae.decode(latent / self.scale + self.shift)
