"""The autoencoder protocol over a trained VAE: latents in the units that the denoiser works in."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from sfumato.autoencoder import DiagonalGaussian
from sfumato.errors import ShapeError
from sfumato.nets.reach import reach
from sfumato.nets.vae import VAE, Decoder, Encoder
from sfumato.tiles import in_tiles


@dataclass(frozen=True, eq=False)
class LatentSpace:
    """z = scale (z_raw - shift), so that the latents of the training pictures have mean 0 and variance 1.

    `scale` and `shift` are measured once on training pictures (train/latents.py) and stored with the weights; one
    number for all channels, as in Rombach et al. 2022 (section 3.3: first-stage latents of unit variance).

    A picture with a side above `tile` pixels goes through in tiles, so that memory grows with the picture and not with
    the network's activations. Each tile brings along all that its inside depends on (nets/reach.py), so the result is
    that of the whole picture, borders included. Accuracy: to the rounding of float32 sums in another order
    (tests/test_tiles.py).
    """

    vae: VAE
    scale: float = 1.0
    shift: float = 0.0
    tile: int = 1024

    @property
    def factor(self) -> int:
        """How many pixels, along each side, one latent stands for."""
        return self.vae.factor

    @property
    def channels(self) -> int:
        """Channels of a latent."""
        return self.vae.z_channels

    @property
    def colours(self) -> int:
        """Channels of a picture."""
        return self.vae.channels

    @torch.no_grad()
    def encode(self, image: Float[Tensor, "b c H W"], /) -> DiagonalGaussian:
        """q(z|x) for pictures in [-1, 1].

        Raises ShapeError for sides that are no multiple of `factor`, or another number of colours.
        """
        height, width = image.shape[-2:]
        if image.shape[1] != self.colours:
            raise ShapeError(
                f"a picture of {image.shape[1]} channels cannot be encoded: this autoencoder reads {self.colours}"
            )
        if height % self.factor or width % self.factor:
            raise ShapeError(
                f"a picture of {width}x{height} cannot be encoded: both sides must be multiples of {self.factor}"
            )
        if max(height, width) > self.tile:
            mean, log_var = self._tiled(self.vae.encoder, image, self.factor, 1).chunk(2, dim=1)
        else:
            mean, log_var = self.vae.encode(image)
        return DiagonalGaussian(self.scale * (mean - self.shift), self.scale * (0.5 * log_var).exp())

    @torch.no_grad()
    def decode(self, latent: Float[Tensor, "b z h w"], /) -> Float[Tensor, "b c H W"]:
        """The picture of a latent, not clipped."""
        z = latent / self.scale + self.shift
        if max(z.shape[-2:]) * self.factor > self.tile:
            return self._tiled(self.vae.decoder, z, 1, self.factor)
        return self.vae.decode(z)

    def _tiled(self, net: Encoder | Decoder, x: Tensor, cell: int, gives: int) -> Tensor:
        halo = -(-reach(net.layers, cell=gives) // self.factor)
        return in_tiles(net, x, tile=max(1, self.tile // self.factor), halo=halo, cell=cell, gives=gives)
