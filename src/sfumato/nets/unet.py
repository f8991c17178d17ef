"""The U-Net of diffusion models, from DDPM to Stable Diffusion XL, as one class with plain arguments.

Ronneberger et al. 2015 gave the shape (down, middle, up, with skips between equal resolutions), Ho et al. 2020 the residual blocks
told of the noise level, Dhariwal and Nichol 2021 (ADM) attention at several levels, Rombach et al. 2022 cross-attention to text.
Which arguments make which published network is written out in tests/adapters/test_keymaps.py.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, get_args

from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from sfumato.errors import RecipeError, ShapeError
from sfumato.nets.attention import key_mask
from sfumato.nets.blocks import Downsample, Modulation, ResBlock, Upsample, group_norm
from sfumato.nets.embed import MLP, Sinusoidal, as_vector
from sfumato.nets.stages import Attend, DownStage, MidStage, StageOptions, UpStage
from sfumato.nets.transformer import Projection, SelfAttention, TextAttention


class UNet(nn.Module):
    """net(x [b c h w], c_noise, tokens [b l d], mask Bool[b l], pooled [b p]) -> [b out_channels h w].

    c_noise is one number or one per sample: whatever the model's clock tells of the noise level. tokens are needed where a
    level attends to "text" and pooled where pooled_dim is given; a network built without them ignores them.

    block_out_channels: the width of each level; each level halves the resolution of the one before.
    layers_per_block: residual blocks a level (one more on the way up); one number, or one a level.
    attend: per level "none", "self" or "text"; mid_attend likewise (default: "text" where token_dim is given, else "self").
    transformer_layers: transformer blocks in each attention to text; one number or one a level; the middle takes the last.
    heads or head_dim: one number or one a level, the other follows; neither given: heads of 64 features.
    projection: how the text transformers store their projections. modulation: how a block is told of the noise level.
    emb_dim: width of the noise-level embedding (default 4 x the first width). norm_eps: of all GroupNorms outside transformers.
    downsample_padding: 1, or 0 for the one-sided padding of the first DDPM code.
    zero_init: start the last layer of every residual branch, and of the network, at zero (ADM), so that the net begins as a
    constant 0 and grows branch by branch.

    Raises:
        RecipeError: when the arguments contradict each other. ShapeError, when called, for inputs that do not fit.
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
    ) -> None:
        super().__init__()
        widths = tuple(block_out_channels)
        levels = len(widths)
        emb_dim = emb_dim or 4 * widths[0]
        if mid_attend is None:
            mid_attend = "self" if token_dim is None else "text"
        if len(attend) != levels or not {*attend, mid_attend} <= set(get_args(Attend)):
            raise RecipeError(f"attend is {attend}, mid_attend {mid_attend!r}; expected one of {get_args(Attend)} for each of {levels} levels")
        layers = _per_level("layers_per_block", layers_per_block, levels)
        depths = _per_level("transformer_layers", transformer_layers, levels)
        counts = _heads(heads, head_dim, widths)

        def options(k: int, kind: Attend) -> StageOptions:
            return StageOptions(
                channels=widths[k],
                layers=layers[k],
                attend=kind,
                heads=counts[k],
                depth=depths[k],
                emb_dim=emb_dim,
                token_dim=token_dim,
                norm_groups=norm_groups,
                norm_eps=norm_eps,
                dropout=dropout,
                modulation=modulation,
                projection=projection,
            )

        self.in_channels, self.factor = in_channels, 2 ** (levels - 1)
        self.token_dim = token_dim if "text" in {*attend, mid_attend} else None
        self.pooled_dim = pooled_dim
        self.sinusoidal = Sinusoidal(
            widths[0], flip_sin_to_cos=flip_sin_to_cos, downscale_freq_shift=downscale_freq_shift
        )
        self.time = MLP(widths[0], emb_dim)
        self.pooled = None if pooled_dim is None else MLP(pooled_dim, emb_dim)
        self.conv_in = nn.Conv2d(in_channels, widths[0], 3, padding=1)

        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        skips = [widths[0]]
        for k, (before, width) in enumerate(pairwise((widths[0], *widths))):
            down = None if k == levels - 1 else Downsample(width, padding=downsample_padding)
            self.down.append(DownStage(before, options(k, attend[k]), downsample=down))
            skips += [width] * (layers[k] + (down is not None))
        self.mid = MidStage(options(levels - 1, mid_attend))
        before = widths[-1]
        for k in reversed(range(levels)):
            taken = [skips.pop() for _ in range(layers[k] + 1)]
            up = None if k == 0 else Upsample(widths[k])
            self.up.append(UpStage(before, taken, options(k, attend[k]), upsample=up))
            before = widths[k]
        self.norm_out = group_norm(norm_groups, widths[0], norm_eps)
        self.conv_out = nn.Conv2d(widths[0], out_channels, 3, padding=1)
        if zero_init:
            _start_at_zero(self)

    def forward(
        self,
        x: Float[Tensor, "b c h w"],
        c_noise: float | Tensor,
        tokens: Float[Tensor, "b l d"] | None = None,
        mask: Bool[Tensor, "b l"] | None = None,
        pooled: Float[Tensor, "b p"] | None = None,
    ) -> Float[Tensor, "b o h w"]:
        tokens, mask = self._check(x, tokens, mask)
        emb = self.embed(x, c_noise, pooled)
        h = self.conv_in(x)
        skips = [h]
        for down in self.down:
            skips += down(skips[-1], emb, tokens, mask)
        h = self.mid(skips[-1], emb, tokens, mask)
        for up in self.up:
            taken = [skips.pop() for _ in up.blocks]
            h = up(h, taken, emb, tokens, mask)
        return self.conv_out(F.silu(self.norm_out(h)))

    def embed(
        self, x: Float[Tensor, "b c h w"], c_noise: float | Tensor, pooled: Float[Tensor, "b p"] | None
    ) -> Float[Tensor, "n e"]:
        """silu of the embedding that every residual block is told: noise level (+ pooled text). One row where all are alike."""
        numbers = as_vector(c_noise, like=x)
        if len(numbers) not in (1, len(x)):
            raise ShapeError(f"c_noise has {len(numbers)} values for {len(x)} samples; expected one number, or one per sample")
        emb = self.time(self.sinusoidal(numbers))
        if self.pooled is not None:
            if pooled is None or pooled.shape != (len(x), self.pooled_dim):
                got = None if pooled is None else list(pooled.shape)
                raise ShapeError(
                    f"pooled text is {got}; this network needs [{len(x)}, {self.pooled_dim}]: use the text encoder it was trained with"
                )
            emb = emb + self.pooled(pooled)
        return F.silu(emb)

    def _check(self, x: Tensor, tokens: Tensor | None, mask: Tensor | None) -> tuple[Tensor | None, Tensor | None]:
        """Refuse what does not fit, before the first layer; drop the text where no level attends to it."""
        height, width = x.shape[-2:]
        if x.shape[1] != self.in_channels:
            raise ShapeError(f"x has {x.shape[1]} channels; this network takes {self.in_channels}: use the autoencoder it was trained with")
        if height % self.factor or width % self.factor:
            raise ShapeError(
                f"x is {height} x {width}; this network halves it {self.factor.bit_length() - 1} times, so both sides must be multiples of {self.factor}"
            )
        if self.token_dim is None:
            return None, None
        if tokens is None or tokens.shape[0] != len(x) or tokens.shape[2] != self.token_dim:
            got = None if tokens is None else list(tokens.shape)
            raise ShapeError(
                f"tokens are {got}; this network attends to text and needs [{len(x)}, any, {self.token_dim}]: pass the token states "
                "(those of the empty prompt for no prompt) of the text encoder it was trained with"
            )
        return tokens, key_mask(mask, tokens)


def _per_level(name: str, value: int | Sequence[int], levels: int) -> tuple[int, ...]:
    values = (value,) * levels if isinstance(value, int) else tuple(value)
    if len(values) != levels or min(values) < 1:
        raise RecipeError(f"{name} is {value}; expected one positive number, or one for each of the {levels} levels")
    return values


def _heads(heads: int | Sequence[int] | None, head_dim: int | Sequence[int] | None, widths: tuple[int, ...]) -> tuple[int, ...]:
    """The number of heads of each level, from whichever of the two was given."""
    if heads is not None and head_dim is not None:
        raise RecipeError(f"heads = {heads} and head_dim = {head_dim}; give one of them, the other follows from the widths")
    if heads is not None:
        return _per_level("heads", heads, len(widths))
    dims = _per_level("head_dim", 64 if head_dim is None else head_dim, len(widths))
    for width, dim in zip(widths, dims, strict=True):
        if width % dim:
            raise RecipeError(f"a level of {width} channels does not split into heads of {dim}; choose a head_dim that divides it")
    return tuple(width // dim for width, dim in zip(widths, dims, strict=True))


def _start_at_zero(net: UNet) -> None:
    """Zero the last layer of each residual branch and of the network (Dhariwal and Nichol 2021, their zero_module)."""
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
