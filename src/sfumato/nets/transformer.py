"""Attention inside a U-Net: a transformer over the cells of a feature map, with or without text.

The transformer with cross-attention is that of latent diffusion (Rombach et al. 2022, section 3.3 and appendix E.2.1);
the plain self-attention layer is that of DDPM and ADM.
"""

from typing import Literal

from jaxtyping import Bool, Float
from torch import Tensor, nn

from sfumato.nets.attention import Attention
from sfumato.nets.blocks import group_norm
from sfumato.nets.feedforward import GEGLU

Projection = Literal["linear", "conv"]


class TransformerBlock(nn.Module):
    """x + self-attention, then + cross-attention to the text, then + feed-forward; each after its own LayerNorm."""

    def __init__(self, dim: int, *, heads: int, token_dim: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        self.self_attn = Attention(dim, heads=heads)
        self.norm2 = nn.LayerNorm(dim)
        self.cross_attn = Attention(dim, heads=heads, context_dim=token_dim)
        self.norm3 = nn.LayerNorm(dim)
        self.ff = GEGLU(dim)

    def forward(
        self, x: Float[Tensor, "b l d"], tokens: Float[Tensor, "b m c"], mask: Bool[Tensor, "b m"] | None = None
    ) -> Float[Tensor, "b l d"]:
        """x told of itself and of the text; the mask marks real tokens."""
        x = x + self.self_attn(self.norm1(x))
        x = x + self.cross_attn(self.norm2(x), tokens, mask)
        return x + self.ff(self.norm3(x))


class TextAttention(nn.Module):
    """x + proj_out(transformer(proj_in(norm x))) over the h w cells of a feature map.

    The two projections are linear layers or 1x1 convolutions: the same function, stored in another shape (Stable
    Diffusion 1.x has convolutions, 2.x and XL linear layers). The GroupNorm has eps 1e-6 in all of them.
    """

    def __init__(
        self, channels: int, *, heads: int, depth: int, token_dim: int, norm_groups: int, projection: Projection
    ) -> None:
        super().__init__()
        self.projection = projection
        self.norm = group_norm(norm_groups, channels, 1e-6)
        self.proj_in = nn.Linear(channels, channels) if projection == "linear" else nn.Conv2d(channels, channels, 1)
        self.blocks = nn.ModuleList(TransformerBlock(channels, heads=heads, token_dim=token_dim) for _ in range(depth))
        self.proj_out = nn.Linear(channels, channels) if projection == "linear" else nn.Conv2d(channels, channels, 1)

    def forward(
        self,
        x: Float[Tensor, "b c h w"],
        tokens: Float[Tensor, "b m d"],
        mask: Bool[Tensor, "b m"] | None = None,
    ) -> Float[Tensor, "b c h w"]:
        """x told of itself and of the text; the mask marks real tokens."""
        h = self.norm(x)
        cells = self.proj_in(to_cells(h)) if self.projection == "linear" else to_cells(self.proj_in(h))
        for block in self.blocks:
            cells = block(cells, tokens, mask)
        if self.projection == "linear":
            return x + to_map(self.proj_out(cells), like=x)
        return x + self.proj_out(to_map(cells, like=x))


class SelfAttention(nn.Module):
    """x + attn(norm x) over the h w cells of a feature map; ignores the text, to stand where TextAttention may."""

    def __init__(self, channels: int, *, heads: int, norm_groups: int, norm_eps: float) -> None:
        super().__init__()
        self.norm = group_norm(norm_groups, channels, norm_eps)
        self.self_attn = Attention(channels, heads=heads, bias=True)

    def forward(
        self,
        x: Float[Tensor, "b c h w"],
        tokens: Float[Tensor, "b m d"] | None = None,
        mask: Bool[Tensor, "b m"] | None = None,
    ) -> Float[Tensor, "b c h w"]:
        """x told of itself."""
        return x + to_map(self.self_attn(to_cells(self.norm(x))), like=x)


def to_cells(x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b l c"]:
    """A map as a sequence of its cells, row by row; a view where the memory is channels-last."""
    return x.flatten(2).transpose(1, 2)


def to_map(cells: Float[Tensor, "b l c"], *, like: Float[Tensor, "b _ h w"]) -> Float[Tensor, "b c h w"]:
    """The cells as a map again."""
    return cells.transpose(1, 2).unflatten(2, like.shape[-2:])
