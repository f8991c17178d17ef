"""DiT: a transformer over the patches of a latent, told of noise level and text (Peebles and Xie 2023).

Each block is a sum of three branches. Self-attention and feed-forward see a normalised input that is scaled and
shifted by the condition, and their output is multiplied by a gate that starts at zero (adaLN-zero, section 3.2); the
middle branch attends to the text tokens, so that each word has a map, and its last layer starts at zero (Chen et al.
2023, PixArt-alpha, section 2.3). At the start every block is therefore exactly the identity.
"""

from typing import Literal

from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from sfumato.errors import RecipeError, ShapeError
from sfumato.nets.attention import Attention, Turn, checked_text
from sfumato.nets.embed import MLP, TEXT_NORMS, Dials, Sinusoidal, as_vector, dialled, pooled_text
from sfumato.nets.feedforward import FEED_FORWARD, FeedForward
from sfumato.nets.norms import Norm, norm_of
from sfumato.nets.positions import RotaryPositions, SinusoidalPositions

Positions = Literal["sinusoidal", "rotary"]

FREQUENCIES = 256


def modulate(x: Float[Tensor, "b l d"], shift: Float[Tensor, "n d"], scale: Float[Tensor, "n d"]) -> Tensor:
    """x (1 + scale) + shift, the same for all tokens of a sample."""
    return x * (1 + scale[:, None]) + shift[:, None]


class DiTBlock(nn.Module):
    """x + g1 self_attn(m1 x), then + cross_attn(norm x, text), then + g2 ff(m2 x); m are modulated norms, g gates."""

    def __init__(
        self, dim: int, *, heads: int, token_dim: int | None, norm: Norm, qk_norm: bool, feed_forward: FeedForward
    ) -> None:
        super().__init__()
        self.norm1 = norm_of(norm, dim, affine=False)
        self.self_attn = Attention(dim, heads=heads, bias=True, qk_norm=qk_norm)
        self.norm2 = None if token_dim is None else norm_of(norm, dim, affine=True)
        self.cross_attn = None
        if token_dim is not None:
            self.cross_attn = Attention(dim, heads=heads, context_dim=token_dim, bias=True, qk_norm=qk_norm)
            _zero(self.cross_attn.to_out)
        self.norm3 = norm_of(norm, dim, affine=False)
        self.ff = FEED_FORWARD[feed_forward](dim)
        self.modulation = nn.Linear(dim, 6 * dim)
        _zero(self.modulation)

    def forward(
        self,
        x: Float[Tensor, "b l d"],
        told: Float[Tensor, "n d"],
        tokens: Float[Tensor, "b m c"] | None,
        mask: Bool[Tensor, "b m"] | None,
        turn: Turn | None,
    ) -> Float[Tensor, "b l d"]:
        """Patches told of each other, of the text and of `told` (noise level and pooled text, through their silu)."""
        shift1, scale1, gate1, shift2, scale2, gate2 = self.modulation(told).chunk(6, dim=1)
        x = x + gate1[:, None] * self.self_attn(modulate(self.norm1(x), shift1, scale1), turn=turn)
        if self.cross_attn is not None and self.norm2 is not None:
            x = x + self.cross_attn(self.norm2(x), tokens, mask)
        return x + gate2[:, None] * self.ff(modulate(self.norm3(x), shift2, scale2))


class DiT(nn.Module):
    """net(x [b c h w], c_noise, tokens [b l d], mask Bool[b l], pooled [b p], numbers [b k]) -> [b out_channels h w].

    c_noise is one number or one per sample. tokens are needed where token_dim is given; without it they are ignored.
    The noise level and one vector of text modulate every block: the vector is `pooled` where the text encoder gives
    one, else the mean of the real tokens (then pooled_dim is token_dim, its default). text_norm as in the U-Net.

    patch: side of a patch. width, depth, heads: of the transformer. positions: added ("sinusoidal"), or turning queries
    and keys ("rotary"). norm "layer", qk_norm False and feed_forward "gelu" make the DiT of the paper; "rms", True and
    "swiglu" are the parts that language models use today. dials: how many further `numbers` the network may be told
    (see Dials); left out, they are 0.

    Raises:
        RecipeError: arguments that contradict each other.
        ShapeError: when called with inputs that do not fit.
    """

    def __init__(
        self,
        *,
        in_channels: int = 8,
        out_channels: int = 8,
        patch: int = 2,
        width: int = 256,
        depth: int = 8,
        heads: int = 4,
        token_dim: int | None = 384,
        pooled_dim: int | None = None,
        text_norm: Literal["none", "layer"] = "none",
        positions: Positions = "rotary",
        norm: Norm = "rms",
        qk_norm: bool = True,
        feed_forward: FeedForward = "swiglu",
        dials: int = 0,
    ) -> None:
        super().__init__()
        _known("positions", positions, ("sinusoidal", "rotary"))
        _known("norm", norm, ("layer", "rms"))
        _known("feed_forward", feed_forward, tuple(FEED_FORWARD))
        _known("text_norm", text_norm, tuple(TEXT_NORMS))
        self.in_channels, self.patch, self.token_dim = in_channels, patch, token_dim
        self.pooled_dim = token_dim if pooled_dim is None else pooled_dim
        self.text_norm = TEXT_NORMS[text_norm]
        self.embed_patch = nn.Linear(in_channels * patch**2, width)
        self.blocks = nn.ModuleList(
            DiTBlock(width, heads=heads, token_dim=token_dim, norm=norm, qk_norm=qk_norm, feed_forward=feed_forward)
            for _ in range(depth)
        )
        self.added = SinusoidalPositions(width) if positions == "sinusoidal" else None
        self.turning = RotaryPositions(width // heads) if positions == "rotary" else None
        self.sinusoidal = Sinusoidal(FREQUENCIES)
        self.time = MLP(FREQUENCIES, width)
        self.text = None if self.pooled_dim is None else MLP(self.pooled_dim, width)
        self.dials = Dials(dials, width) if dials else None
        self.norm_out = norm_of(norm, width, affine=False)
        self.modulation_out = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, out_channels * patch**2)
        _zero(self.modulation_out)
        _zero(self.out)

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
        if x.shape[1] != self.in_channels:
            raise ShapeError(
                f"x has {x.shape[1]} channels; this network takes {self.in_channels}: use the autoencoder of its model"
            )
        tokens, mask = checked_text(tokens, mask, batch=len(x), token_dim=self.token_dim)
        tokens = None if tokens is None else self.text_norm(tokens)
        told = self.embed(x, c_noise, tokens, mask, pooled, numbers)
        cells = self.embed_patch(patchify(x, self.patch))
        height, width = x.shape[-2] // self.patch, x.shape[-1] // self.patch
        if self.added is not None:
            cells = cells + self.added(height, width, like=x).to(cells.dtype)
        turn = None if self.turning is None else self.turning(height, width, like=x)
        for block in self.blocks:
            cells = block(cells, told, tokens, mask, turn)
        shift, scale = self.modulation_out(told).chunk(2, dim=1)
        return unpatchify(self.out(modulate(self.norm_out(cells), shift, scale)), height, width, self.patch)

    def embed(
        self,
        x: Float[Tensor, "b c h w"],
        c_noise: float | int | Tensor,
        tokens: Float[Tensor, "b l d"] | None,
        mask: Bool[Tensor, "b l"] | None,
        pooled: Float[Tensor, "b p"] | None,
        numbers: Float[Tensor, "m k"] | None = None,
    ) -> Float[Tensor, "n e"]:
        """What every block is told: silu(time + text); one row where all samples are told the same."""
        told = dialled(self.dials, numbers, self.time(self.sinusoidal(as_vector(c_noise, like=x))))
        if self.text is None or self.pooled_dim is None:
            return F.silu(told)
        text = pooled_text(pooled, tokens, mask, batch=len(x), dim=self.pooled_dim)
        return F.silu(told + self.text(self.text_norm(text)))


def patchify(x: Float[Tensor, "b c h w"], patch: int) -> Float[Tensor, "b l i"]:
    """Cut x into patches, row by row; each is a vector of patch x patch cells of c channels.

    Raises:
        ShapeError: sides that the patch does not divide.
    """
    height, width = x.shape[-2:]
    if height % patch or width % patch:
        raise ShapeError(
            f"x is {height} x {width}; patches of {patch} x {patch} do not fill it: "
            f"choose a size whose sides here are multiples of {patch}"
        )
    cells = x.unflatten(3, (-1, patch)).unflatten(2, (-1, patch))
    return cells.permute(0, 2, 4, 3, 5, 1).flatten(3).flatten(1, 2)


def unpatchify(cells: Float[Tensor, "b l i"], height: int, width: int, patch: int) -> Float[Tensor, "b c h w"]:
    """Lay height x width patches out again: the inverse of patchify."""
    x = cells.unflatten(2, (patch, patch, -1)).unflatten(1, (height, width))
    return x.permute(0, 5, 1, 3, 2, 4).flatten(4).flatten(2, 3)


def _known(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise RecipeError(f"{name} is {value!r}; expected one of {', '.join(choices)}")


def _zero(layer: nn.Linear) -> None:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
