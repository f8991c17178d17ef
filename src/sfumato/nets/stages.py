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
"""What follows each residual block of a level: nothing, self-attention, or a transformer with cross-attention to the text."""

Map = Float[Tensor, "b c h w"]
Emb = Float[Tensor, "n e"]
Text = Float[Tensor, "b m d"] | None
TextMask = Bool[Tensor, "b m"] | None


@dataclass(frozen=True, kw_only=True)
class StageOptions:
    """All that one level needs to know to build its parts."""

    channels: int
    layers: int
    attend: Attend
    heads: int
    depth: int
    emb_dim: int
    token_dim: int | None
    norm_groups: int
    norm_eps: float
    dropout: float
    modulation: Modulation
    projection: Projection

    def block(self, in_channels: int) -> ResBlock:
        """A residual block from in_channels to this level's channels."""
        return ResBlock(
            in_channels,
            self.channels,
            emb_dim=self.emb_dim,
            norm_groups=self.norm_groups,
            norm_eps=self.norm_eps,
            dropout=self.dropout,
            modulation=self.modulation,
        )

    def attention(self, count: int) -> nn.ModuleList:
        """`count` attention layers of this level's kind; an empty list where the level does not attend."""
        if self.attend == "none":
            return nn.ModuleList()
        if self.attend == "self":
            return nn.ModuleList(
                SelfAttention(self.channels, heads=self.heads, norm_groups=self.norm_groups, norm_eps=self.norm_eps)
                for _ in range(count)
            )
        if self.token_dim is None:
            raise RecipeError(
                'a level attends to "text", but token_dim is None; give the width of the token states, or attend to "self"'
            )
        return nn.ModuleList(
            TextAttention(
                self.channels,
                heads=self.heads,
                depth=self.depth,
                token_dim=self.token_dim,
                norm_groups=self.norm_groups,
                projection=self.projection,
            )
            for _ in range(count)
        )


class DownStage(nn.Module):
    """Residual blocks (each with its attention) at one resolution, then half the resolution, except at the last level."""

    def __init__(self, in_channels: int, options: StageOptions, *, downsample: Downsample | None) -> None:
        super().__init__()
        widths = [in_channels] + [options.channels] * (options.layers - 1)
        self.blocks = nn.ModuleList(options.block(width) for width in widths)
        self.attend = options.attention(options.layers)
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

    def __init__(self, options: StageOptions) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(options.block(options.channels) for _ in range(2))
        self.attend = options.attention(1)

    def forward(self, h: Map, emb: Emb, tokens: Text, mask: TextMask) -> Map:
        h = self.blocks[0](h, emb)
        for attend in self.attend:
            h = attend(h, tokens, mask)
        return self.blocks[1](h, emb)


class UpStage(nn.Module):
    """Residual blocks, each fed with the map before it and one skip, then twice the resolution, except at the first level."""

    def __init__(
        self, in_channels: int, skip_channels: list[int], options: StageOptions, *, upsample: Upsample | None
    ) -> None:
        super().__init__()
        widths = [in_channels] + [options.channels] * (len(skip_channels) - 1)
        self.blocks = nn.ModuleList(
            options.block(width + skip) for width, skip in zip(widths, skip_channels, strict=True)
        )
        self.attend = options.attention(len(skip_channels))
        self.upsample = upsample

    def forward(self, h: Map, skips: list[Tensor], emb: Emb, tokens: Text, mask: TextMask) -> Map:
        """skips: as many maps as there are blocks, in the order they are used."""
        for k, block in enumerate(self.blocks):
            h = block(torch.cat([h, skips[k]], dim=1), emb)
            if len(self.attend):
                h = self.attend[k](h, tokens, mask)
        return h if self.upsample is None else self.upsample(h)
