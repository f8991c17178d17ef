"""Between pictures and the space where diffusion happens."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from sfumato.types import Image, Latent


@dataclass(frozen=True, eq=False)
class DiagonalGaussian:
    """q(z|x) = N(mean, std^2), in the units that the denoiser works in (scale and shift applied)."""

    mean: Latent
    std: Latent

    def sample(self, eps: Latent) -> Latent:
        """mean + std eps: the reparameterisation of Kingma and Welling 2014."""
        return self.mean + self.std * eps


@runtime_checkable
class Autoencoder(Protocol):
    """Pictures [b, c, H, W] in [-1, 1] to latents [b, channels, H/factor, W/factor] of unit variance, and back."""

    @property
    def factor(self) -> int:
        """How many pixels, along each side, one latent stands for."""
        ...

    @property
    def channels(self) -> int:
        """Channels of a latent."""
        ...

    @property
    def colours(self) -> int:
        """Channels of a picture: 3 is RGB, 4 premultiplied RGBA (alpha.py)."""
        ...

    def encode(self, image: Image, /) -> DiagonalGaussian:
        """q(z|x)."""
        ...

    def decode(self, latent: Latent, /) -> Image:
        """The picture of a latent; may leave [-1, 1] a little."""
        ...


@dataclass(frozen=True)
class Pixels:
    """The identity autoencoder: diffusion on the pixels themselves."""

    factor: int = 1
    channels: int = 3

    @property
    def colours(self) -> int:
        """Channels of a picture."""
        return self.channels

    def encode(self, image: Image, /) -> DiagonalGaussian:
        """The picture, with no uncertainty."""
        return DiagonalGaussian(image, 0.0 * image)

    def decode(self, latent: Latent, /) -> Image:
        """The latent is the picture."""
        return latent
