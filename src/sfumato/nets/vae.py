"""A small KL autoencoder: pictures [b, c, H, W] in [-1, 1], RGB or premultiplied RGBA, to latents [b, z, H/f, W/f].

Rombach et al. 2022 (arXiv:2112.10752) showed that diffusion is cheaper in the latents of an autoencoder whose posterior
is kept near N(0, I). The layout here is the light one of tiny autoencoders: residual blocks of plain convolutions
without normalisation, so that a crop and the whole picture give the same latents away from the border, and a
pixel-unshuffle stem, so that no convolution runs at full resolution. Level k works at resolution H / (stem 2^k).
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sfumato.errors import RecipeError

FACTORS = (1, 2, 4, 8, 16)
"""How many pixels, along each side, one latent may stand for."""


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
    """Picture to the mean and log variance of q(z|x): [b, in_channels, H, W] -> [b, 2 z, H/f, W/f]."""

    def __init__(self, *, in_channels: int, widths: Sequence[int], depth: int, z_channels: int, stem: int) -> None:
        super().__init__()
        seen = stem * stem * in_channels
        layers: list[nn.Module] = [nn.PixelUnshuffle(stem), nn.Conv2d(seen, widths[0], 3, padding=1)]
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

    def __init__(self, *, out_channels: int, widths: Sequence[int], depth: int, z_channels: int, stem: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(z_channels, widths[-1], 3, padding=1)]
        for k in reversed(range(len(widths))):
            layers.extend(Block(widths[k]) for _ in range(depth))
            if k > 0:
                layers.append(nn.Upsample(scale_factor=2, mode="nearest"))
                layers.append(nn.Conv2d(widths[k], widths[k - 1], 3, padding=1))
        layers.append(nn.ReLU())
        layers.append(nn.Conv2d(widths[0], stem * stem * out_channels, 3, padding=1))
        layers.append(nn.PixelShuffle(stem))
        self.layers = nn.Sequential(*layers)

    def forward(self, z: Float[Tensor, "b z h w"]) -> Float[Tensor, "b c H W"]:
        """The picture."""
        return self.layers(z)


class VAE(nn.Module):
    """Encoder and decoder of one autoencoder; its factor f is stem 2^(len(widths) - 1), one halving a further level.

    channels: 3 (RGB) or 4 (RGBA, colours premultiplied). widths: of the decoder's levels from the picture inwards, and
    of the encoder's where `encoder_widths` says nothing else: only the decoder runs where pictures are drawn, so the
    encoder may be the larger one. encode answers (mean, log_var) of the diagonal Gaussian q(z|x), log_var clamped to
    [-20, 10]; decode takes latents as encode gives them: the scale and shift that a diffusion model wants are applied
    outside (latents.py).

    Raises:
        RecipeError: another number of colours, a factor that is none of FACTORS, or widths of different lengths.
    """

    def __init__(
        self,
        *,
        channels: int = 3,
        z_channels: int = 8,
        widths: Sequence[int] = (64, 128, 192),
        encoder_widths: Sequence[int] = (),
        encoder_depth: int = 1,
        decoder_depth: int = 2,
        stem: int = 2,
    ) -> None:
        super().__init__()
        inwards = encoder_widths or widths
        self.factor = factor_of(channels, widths, inwards, stem)
        self.channels, self.z_channels = channels, z_channels
        self.encoder = Encoder(
            in_channels=channels, widths=inwards, depth=encoder_depth, z_channels=z_channels, stem=stem
        )
        self.decoder = Decoder(
            out_channels=channels, widths=widths, depth=decoder_depth, z_channels=z_channels, stem=stem
        )

    def encode(self, x: Float[Tensor, "b c H W"]) -> tuple[Float[Tensor, "b z h w"], Float[Tensor, "b z h w"]]:
        """(mean, log_var) of q(z|x)."""
        mean, log_var = self.encoder(x).chunk(2, dim=1)
        return mean, log_var.clamp(-20.0, 10.0)

    def decode(self, z: Float[Tensor, "b z h w"]) -> Float[Tensor, "b c H W"]:
        """The picture of a latent."""
        return self.decoder(z)


def factor_of(channels: int, widths: Sequence[int], inwards: Sequence[int], stem: int) -> int:
    """stem 2^(levels - 1), where all of it can be built. Raises RecipeError."""
    if channels not in (3, 4):
        raise RecipeError(f"the autoencoder's channels is {channels}; expected 3 (RGB) or 4 (RGBA)")
    if len(inwards) != len(widths):
        raise RecipeError(
            f"encoder_widths has {len(inwards)} levels, widths {len(widths)}; both halve the picture as often"
        )
    factor = stem * 2 ** (len(widths) - 1)
    if stem < 1 or not widths or factor not in FACTORS:
        raise RecipeError(
            f"stem {stem} and {len(widths)} widths make a factor of {factor}; expected one of {FACTORS}: "
            "give as many widths as f = stem 2^(widths - 1) asks for"
        )
    return factor
