"""The U-Net of diffusion models, from DDPM to Stable Diffusion XL, as one class with plain arguments.

Ronneberger et al. 2015 gave the shape (down, middle, up, with skips between equal resolutions), Ho et al. 2020 the
residual blocks told of the noise level, Dhariwal and Nichol 2021 (ADM) attention at several levels, Rombach et al. 2022
cross-attention to text. tests/adapters/test_keymaps.py writes out which arguments make which published network.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from sfumato.errors import RecipeError, ShapeError
from sfumato.nets.attention import checked_text
from sfumato.nets.blocks import Downsample, Modulation, ResBlock, Upsample, group_norm
from sfumato.nets.embed import MLP, TEXT_NORMS, Dials, Sinusoidal, as_vector, dialled, pooled_text
from sfumato.nets.plan import heads_of, plan
from sfumato.nets.stages import Attend, DownStage, MidStage, Stage, Style, UpStage
from sfumato.nets.transformer import Projection, SelfAttention, TextAttention


class UNet(nn.Module):
    """net(x [b c h w], c_noise, tokens [b l d], mask Bool[b l], pooled [b p], numbers [b k]) -> [b out_channels h w].

    c_noise is one number or one per sample: whatever the model's clock tells of the noise level. tokens are needed
    where a level attends to "text", pooled where pooled_dim is given (with pooled_dim = token_dim, the mean of the real
    tokens takes its place where it is None); a network built without them ignores them.

    block_out_channels: the width of each level; each level has half the resolution of the one before.
    layers_per_block: residual blocks a level (one more on the way up); one number, or one a level.
    attend: "none", "self" or "text", one a level; mid_attend: the middle's ("text" with a token_dim, else "self").
    transformer_layers: blocks in each transformer; one number, or one a level; the middle takes the last.
    heads or head_dim: one number or one a level, the other follows; neither given: heads of 64 features.
    projection: how the transformers store their projections. modulation: how a block is told of the noise level.
    text_norm: "layer" brings every token state, and the pooled text, to mean 0 and variance 1 over its features first
        (no weights), for encoders whose states are small beside the noise level's embedding.
    emb_dim: width of the noise-level embedding, by default 4 x the first width.
    dials: how many further `numbers` the network may be told (see Dials); left out, they are 0.
    norm_eps: of every GroupNorm outside the transformers (inside it is 1e-6).
    downsample_padding: 1, or 0 for the one-sided padding of the first DDPM code.
    zero_init: start the last layer of every residual branch, and of the network, at zero (ADM), so that the network
        begins as the constant 0 and grows branch by branch.

    Raises:
        RecipeError: arguments that contradict each other.
        ShapeError: when called with inputs that do not fit.
    """

    def __init__(
        self,
        *,
        in_channels: int = 8,
        out_channels: int = 8,
        block_out_channels: Sequence[int] = (128, 256, 320),
        layers_per_block: int | Sequence[int] = 1,
        attend: Sequence[Attend] = ("none", "text", "text"),
        mid_attend: Attend | None = None,
        transformer_layers: int | Sequence[int] = 1,
        heads: int | Sequence[int] | None = None,
        head_dim: int | Sequence[int] | None = None,
        token_dim: int | None = 384,
        pooled_dim: int | None = None,
        text_norm: Literal["none", "layer"] = "none",
        emb_dim: int | None = None,
        flip_sin_to_cos: bool = True,
        downscale_freq_shift: float = 0.0,
        norm_groups: int = 32,
        norm_eps: float = 1e-5,
        dropout: float = 0.0,
        modulation: Modulation = "add",
        projection: Projection = "linear",
        downsample_padding: Literal[0, 1] = 1,
        zero_init: bool = True,
        dials: int = 0,
    ) -> None:
        super().__init__()
        widths = tuple(block_out_channels)
        if text_norm not in TEXT_NORMS:
            raise RecipeError(f"text_norm is {text_norm!r}; expected {', '.join(TEXT_NORMS)}")
        emb_dim = emb_dim or 4 * widths[0]
        style = Style(
            emb_dim=emb_dim,
            token_dim=token_dim,
            norm_groups=norm_groups,
            norm_eps=norm_eps,
            dropout=dropout,
            modulation=modulation,
            projection=projection,
        )
        mid_attend = mid_attend or ("self" if token_dim is None else "text")
        *stages, mid = plan(
            widths, layers_per_block, (*attend, mid_attend), transformer_layers, heads_of(widths, heads, head_dim)
        )
        self.in_channels, self.factor = in_channels, 2 ** (len(widths) - 1)
        self.token_dim = token_dim if "text" in (*attend, mid_attend) else None
        self.pooled_dim = pooled_dim
        self.text_norm = TEXT_NORMS[text_norm]
        self.sinusoidal = Sinusoidal(
            widths[0], flip_sin_to_cos=flip_sin_to_cos, downscale_freq_shift=downscale_freq_shift
        )
        self.time = MLP(widths[0], emb_dim)
        self.pooled = None if pooled_dim is None else MLP(pooled_dim, emb_dim)
        self.dials = Dials(dials, emb_dim) if dials else None
        self.conv_in = nn.Conv2d(in_channels, widths[0], 3, padding=1)
        self.down, skips = _going_down(stages, style, downsample_padding)
        self.mid = MidStage(mid, style)
        self.up = _coming_up(stages, style, skips)
        self.norm_out = group_norm(norm_groups, widths[0], norm_eps)
        self.conv_out = nn.Conv2d(widths[0], out_channels, 3, padding=1)
        if zero_init:
            _start_at_zero(self)

    def forward(
        self,
        x: Float[Tensor, "b c h w"],
        c_noise: float | int | Tensor,
        tokens: Float[Tensor, "b l d"] | None = None,
        mask: Bool[Tensor, "b l"] | None = None,
        pooled: Float[Tensor, "b p"] | None = None,
        numbers: Float[Tensor, "m k"] | None = None,
    ) -> Float[Tensor, "b o h w"]:
        """The raw output for x at the noise level that c_noise tells of."""
        tokens, mask, emb = self._told(x, c_noise, tokens, mask, pooled, numbers)
        skips = [self.conv_in(x)]
        for down in self.down:
            skips += down(skips[-1], emb, tokens, mask)
        h = self.mid(skips[-1], emb, tokens, mask)
        for up in self.up:
            h = up(h, skips, emb, tokens, mask)
        return self.conv_out(F.silu(self.norm_out(h)))

    def features(
        self,
        x: Float[Tensor, "b c h w"],
        c_noise: float | int | Tensor,
        tokens: Float[Tensor, "b l d"] | None = None,
        mask: Bool[Tensor, "b l"] | None = None,
        pooled: Float[Tensor, "b p"] | None = None,
    ) -> list[Float[Tensor, "b _ _ _"]]:
        """What the way down makes of x: the first map of each level, finest first, and that of the middle."""
        tokens, mask, emb = self._told(x, c_noise, tokens, mask, pooled)
        h, maps = self.conv_in(x), []
        for down in self.down:
            found = down(h, emb, tokens, mask)
            h = found[-1]
            maps.append(found[0])
        return [*maps, self.mid(h, emb, tokens, mask)]

    def embed(
        self,
        x: Float[Tensor, "b c h w"],
        c_noise: float | int | Tensor,
        tokens: Float[Tensor, "b l d"] | None,
        mask: Bool[Tensor, "b l"] | None,
        pooled: Float[Tensor, "b p"] | None,
        numbers: Float[Tensor, "m k"] | None = None,
    ) -> Float[Tensor, "n e"]:
        """What every residual block is told: silu(time + pooled text); one row where all samples are told the same."""
        told = dialled(self.dials, numbers, self.time(self.sinusoidal(as_vector(c_noise, like=x))))
        if self.pooled is None or self.pooled_dim is None:
            return F.silu(told)
        text = pooled_text(pooled, tokens, mask, batch=len(x), dim=self.pooled_dim)
        return F.silu(told + self.pooled(self.text_norm(text)))

    def _told(
        self,
        x: Tensor,
        c_noise: float | int | Tensor,
        tokens: Tensor | None,
        mask: Tensor | None,
        pooled: Tensor | None,
        numbers: Tensor | None = None,
    ) -> tuple[Tensor | None, Tensor | None, Tensor]:
        """Token states and mask as the layers take them, and the embedding; refuses what does not fit."""
        self._check(x)
        tokens, mask = checked_text(tokens, mask, batch=len(x), token_dim=self.token_dim)
        tokens = None if tokens is None else self.text_norm(tokens)
        return tokens, mask, self.embed(x, c_noise, tokens, mask, pooled, numbers)

    def _check(self, x: Tensor) -> None:
        """Refuse what does not fit, before the first layer."""
        height, width = x.shape[-2:]
        if x.shape[1] != self.in_channels:
            raise ShapeError(
                f"x has {x.shape[1]} channels; this network takes {self.in_channels}: use the autoencoder of its model"
            )
        if height % self.factor or width % self.factor:
            raise ShapeError(
                f"x is {height} x {width}; this network halves it {len(self.down) - 1} times: "
                f"choose a size whose sides here are multiples of {self.factor}"
            )


def _going_down(stages: list[Stage], style: Style, padding: Literal[0, 1]) -> tuple[nn.ModuleList, list[int]]:
    """The way down, and the width of every map it leaves for the way up."""
    down = nn.ModuleList()
    skips = [stages[0].channels]
    for before, stage in pairwise([stages[0], *stages]):
        last = stage is stages[-1]
        downsample = None if last else Downsample(stage.channels, padding=padding)
        down.append(DownStage(before.channels, stage, style, downsample=downsample))
        skips += [stage.channels] * (stage.layers if last else stage.layers + 1)
    return down, skips


def _coming_up(stages: list[Stage], style: Style, skips: list[int]) -> nn.ModuleList:
    """The way up: each level takes its skips from the end of the list."""
    up = nn.ModuleList()
    left = list(skips)
    for before, stage in pairwise([stages[-1], *reversed(stages)]):
        taken = [left.pop() for _ in range(stage.layers + 1)]
        upsample = None if stage is stages[0] else Upsample(stage.channels)
        up.append(UpStage(before.channels, taken, stage, style, upsample=upsample))
    return up


def _start_at_zero(net: UNet) -> None:
    """Zero the last layer of each residual branch and of the network (zero_module in ADM's code)."""
    last: list[nn.Module] = [net.conv_out]
    for module in net.modules():
        if isinstance(module, ResBlock):
            last.append(module.conv2)
        elif isinstance(module, TextAttention):
            last.append(module.proj_out)
        elif isinstance(module, SelfAttention):
            last.append(module.self_attn.to_out)
    for layer in last:
        for parameter in layer.parameters():
            nn.init.zeros_(parameter)
