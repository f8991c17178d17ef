"""A small KL autoencoder: pictures [b, c, H, W] in [-1, 1] to latents [b, z, H/f, W/f] and back.

Rombach et al. 2022 (arXiv:2112.10752) showed that diffusion is cheaper in the latents of an autoencoder whose posterior
is kept near N(0, I). The layout here is the light one of tiny autoencoders: residual blocks of plain convolutions
without normalisation, so that a crop and the whole picture give the same latents away from the border, and a
pixel-unshuffle stem, so that no convolution runs at full resolution. Level k works at resolution H / 2^(k+1).
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Block(nn.Module):
    """x + conv(relu(conv(relu(conv x)))), whose last convolution starts at zero: an identity at initialisation."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.conv2.bias)  # type: ignore[arg-type]

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """x plus its correction."""
        return x + self.conv2(torch.relu(self.conv1(torch.relu(x))))


class Encoder(nn.Module):
    """Picture to the mean and log variance of q(z|x): [b, in_channels, H, W] -> [b, 2 z, H/f, W/f], f = 2^levels."""

    def __init__(self, *, in_channels: int, widths: Sequence[int], depth: int, z_channels: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.PixelUnshuffle(2), nn.Conv2d(4 * in_channels, widths[0], 3, padding=1)]
        for k, width in enumerate(widths):
            if k > 0:
                layers.append(nn.Conv2d(widths[k - 1], width, 3, stride=2, padding=1))
            layers.extend(Block(width) for _ in range(depth))
        layers.append(nn.Conv2d(widths[-1], 2 * z_channels, 3, padding=1))
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Float[Tensor, "b c H W"]) -> Float[Tensor, "b z2 h w"]:
        """Mean and log variance, one after the other along the channels."""
        return self.layers(x)


class Decoder(nn.Module):
    """Latent to picture: [b, z, h, w] -> [b, out_channels, f h, f w]. The output is not clipped."""

    def __init__(self, *, out_channels: int, widths: Sequence[int], depth: int, z_channels: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(z_channels, widths[-1], 3, padding=1)]
        for k in reversed(range(len(widths))):
            layers.extend(Block(widths[k]) for _ in range(depth))
            if k > 0:
                layers.append(nn.Upsample(scale_factor=2, mode="nearest"))
                layers.append(nn.Conv2d(widths[k], widths[k - 1], 3, padding=1))
        layers.append(nn.ReLU())
        layers.append(nn.Conv2d(widths[0], 4 * out_channels, 3, padding=1))
        layers.append(nn.PixelShuffle(2))
        self.layers = nn.Sequential(*layers)

    def forward(self, z: Float[Tensor, "b z h w"]) -> Float[Tensor, "b c H W"]:
        """The picture."""
        return self.layers(z)


class VAE(nn.Module):
    """Encoder and decoder of one autoencoder; its factor f is 2^len(widths), one halving a level.

    encode answers (mean, log_var) of the diagonal Gaussian q(z|x), log_var clamped to [-20, 10]; decode takes latents
    as encode gives them: the scale and shift that a diffusion model wants are applied outside (latents.py).
    """

    def __init__(
        self,
        *,
        channels: int = 3,
        z_channels: int = 8,
        widths: Sequence[int] = (64, 128, 192),
        encoder_depth: int = 1,
        decoder_depth: int = 2,
    ) -> None:
        super().__init__()
        self.factor = 2 ** len(widths)
        self.channels, self.z_channels = channels, z_channels
        self.encoder = Encoder(in_channels=channels, widths=widths, depth=encoder_depth, z_channels=z_channels)
        self.decoder = Decoder(out_channels=channels, widths=widths, depth=decoder_depth, z_channels=z_channels)

    def encode(self, x: Float[Tensor, "b c H W"]) -> tuple[Float[Tensor, "b z h w"], Float[Tensor, "b z h w"]]:
        """(mean, log_var) of q(z|x)."""
        mean, log_var = self.encoder(x).chunk(2, dim=1)
        return mean, log_var.clamp(-20.0, 10.0)

    def decode(self, z: Float[Tensor, "b z h w"]) -> Float[Tensor, "b c H W"]:
        """The picture of a latent."""
        return self.decoder(z)
