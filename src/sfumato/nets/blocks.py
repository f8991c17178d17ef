"""What a U-Net is made of, apart from attention: residual blocks, down- and up-sampling.

The residual block is that of DDPM (Ho et al. 2020, appendix B), with ADM's adaptive group normalisation as an option
(Dhariwal and Nichol 2021, section 3).
"""

from typing import Literal

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from sfumato.errors import RecipeError
from sfumato.nets.group_norm import GroupNorm

Modulation = Literal["add", "scale_shift"]


def group_norm(groups: int, channels: int, eps: float) -> GroupNorm:
    """A GroupNorm, or one clear error where the channels do not split."""
    if channels % groups:
        raise RecipeError(
            f"{channels} channels do not split into {groups} norm groups; choose norm_groups that divide it"
        )
    return GroupNorm(groups, channels, eps=eps)


class ResBlock(nn.Module):
    """skip(x) + conv2(silu(norm2(conv1(silu(norm1 x)) + W emb))).

    emb [b or 1, e] is the embedding of the noise level (and of a pooled text), already through its silu: that is the
    same for all blocks, so the network does it once. modulation "scale_shift" gives norm2(h) (1 + scale) + shift in
    place of the sum.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        emb_dim: int,
        norm_groups: int = 32,
        norm_eps: float = 1e-5,
        dropout: float = 0.0,
        modulation: Modulation = "add",
    ) -> None:
        super().__init__()
        self.modulation = modulation
        self.norm1 = group_norm(norm_groups, in_channels, norm_eps)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.emb = nn.Linear(emb_dim, out_channels if modulation == "add" else 2 * out_channels)
        self.norm2 = group_norm(norm_groups, out_channels, norm_eps)
        self.dropout = nn.Dropout(dropout)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.skip = nn.Identity() if in_channels == out_channels else nn.Conv2d(in_channels, out_channels, 1)

    def forward(self, x: Float[Tensor, "b i h w"], emb: Float[Tensor, "n e"]) -> Float[Tensor, "b o h w"]:
        """x at the same resolution, told of emb."""
        h = self.conv1(F.silu(self.norm1(x)))
        told = self.emb(emb)[:, :, None, None]
        if self.modulation == "add":
            h = self.norm2(h + told)
        else:
            scale, shift = told.chunk(2, dim=1)
            h = self.norm2(h) * (1 + scale) + shift
        return self.skip(x) + self.conv2(self.dropout(F.silu(h)))


class Downsample(nn.Module):
    """Halve height and width by a convolution of stride 2.

    padding 1 surrounds the picture; padding 0 pads right and below only, as the first DDPM code did, which shifts the
    grid by half a pixel.
    """

    def __init__(self, channels: int, *, padding: Literal[0, 1] = 1) -> None:
        super().__init__()
        self.padding = padding
        self.conv = nn.Conv2d(channels, channels, 3, stride=2, padding=padding)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h2 w2"]:
        """Half the size of x."""
        return self.conv(F.pad(x, (0, 1, 0, 1)) if self.padding == 0 else x)


class Upsample(nn.Module):
    """Double height and width: nearest neighbour, then a convolution: no checkerboard (Odena et al. 2016)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h2 w2"]:
        """Twice the size of x."""
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))
