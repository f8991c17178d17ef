"""The levels of a U-Net: one resolution going down, the middle, one resolution coming up."""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from sfumato.errors import RecipeError
from sfumato.nets.blocks import Downsample, Modulation, ResBlock, Upsample
from sfumato.nets.transformer import Projection, SelfAttention, TextAttention

Attend = Literal["none", "self", "text"]
"""What follows each residual block of a level: nothing, self-attention, or a transformer over cells and text."""

Map = Float[Tensor, "b c h w"]
MapOut = Float[Tensor, "b o H W"]
Emb = Float[Tensor, "n e"]
Text = Float[Tensor, "b m d"] | None
TextMask = Bool[Tensor, "b m"] | None


@dataclass(frozen=True, kw_only=True)
class Style:
    """What all levels of one network have in common."""

    emb_dim: int
    token_dim: int | None
    norm_groups: int
    norm_eps: float
    dropout: float
    modulation: Modulation
    projection: Projection


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One level, as numbers: its width, residual blocks, kind of attention, heads and transformer blocks."""

    channels: int
    layers: int
    attend: Attend
    heads: int
    depth: int

    def block(self, in_channels: int, style: Style) -> ResBlock:
        """A residual block from in_channels to this level's channels."""
        return ResBlock(
            in_channels,
            self.channels,
            emb_dim=style.emb_dim,
            norm_groups=style.norm_groups,
            norm_eps=style.norm_eps,
            dropout=style.dropout,
            modulation=style.modulation,
        )

    def attention(self, count: int, style: Style) -> nn.ModuleList:
        """`count` attention layers of this level's kind; an empty list where the level does not attend."""
        if self.attend == "none":
            return nn.ModuleList()
        if self.attend == "self":
            return nn.ModuleList(self._self_attention(style) for _ in range(count))
        if style.token_dim is None:
            raise RecipeError(
                'a level attends to "text", but token_dim is None; give the width of the token states, or use "self"'
            )
        return nn.ModuleList(self._text_attention(style, style.token_dim) for _ in range(count))

    def _self_attention(self, style: Style) -> SelfAttention:
        return SelfAttention(self.channels, heads=self.heads, norm_groups=style.norm_groups, norm_eps=style.norm_eps)

    def _text_attention(self, style: Style, token_dim: int) -> TextAttention:
        return TextAttention(
            self.channels,
            heads=self.heads,
            depth=self.depth,
            token_dim=token_dim,
            norm_groups=style.norm_groups,
            projection=style.projection,
        )


class DownStage(nn.Module):
    """Residual blocks (each with its attention) at one resolution, then half of it, except at the last level."""

    def __init__(self, in_channels: int, stage: Stage, style: Style, *, downsample: Downsample | None) -> None:
        super().__init__()
        widths = [in_channels] + [stage.channels] * (stage.layers - 1)
        self.blocks = nn.ModuleList(stage.block(width, style) for width in widths)
        self.attend = stage.attention(stage.layers, style)
        self.downsample = downsample

    def forward(self, h: Map, emb: Emb, tokens: Text, mask: TextMask) -> list[Tensor]:
        """Every map on the way, in order: the last one goes on, all of them are skips."""
        maps: list[Tensor] = []
        for k, block in enumerate(self.blocks):
            h = block(h, emb)
            if len(self.attend):
                h = self.attend[k](h, tokens, mask)
            maps.append(h)
        if self.downsample is not None:
            maps.append(self.downsample(h))
        return maps


class MidStage(nn.Module):
    """Residual block, attention, residual block at the lowest resolution."""

    def __init__(self, stage: Stage, style: Style) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(stage.block(stage.channels, style) for _ in range(2))
        self.attend = stage.attention(1, style)

    def forward(self, h: Map, emb: Emb, tokens: Text, mask: TextMask) -> Map:
        """A map of the same shape."""
        h = self.blocks[0](h, emb)
        for attend in self.attend:
            h = attend(h, tokens, mask)
        return self.blocks[1](h, emb)


class UpStage(nn.Module):
    """Residual blocks, each fed with the map before it and one skip, then twice the resolution, except at the top."""

    def __init__(
        self, in_channels: int, skip_channels: list[int], stage: Stage, style: Style, *, upsample: Upsample | None
    ) -> None:
        super().__init__()
        before = [in_channels] + [stage.channels] * (len(skip_channels) - 1)
        widths = [width + skip for width, skip in zip(before, skip_channels, strict=True)]
        self.blocks = nn.ModuleList(stage.block(width, style) for width in widths)
        self.attend = stage.attention(len(widths), style)
        self.upsample = upsample

    def forward(self, h: Map, skips: list[Tensor], emb: Emb, tokens: Text, mask: TextMask) -> MapOut:
        """Each block takes one map from the end of `skips`: the list is shorter afterwards."""
        for k, block in enumerate(self.blocks):
            h = block(torch.cat([h, skips.pop()], dim=1), emb)
            if len(self.attend):
                h = self.attend[k](h, tokens, mask)
        return h if self.upsample is None else self.upsample(h)
