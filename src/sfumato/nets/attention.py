"""Multi-head attention whose kernel is a part that can be swapped.

Attention(q, k, v) = softmax(q k^T / sqrt(e)) v for each head of e features (Vaswani et al. 2017, equation 1). The layer
projects and splits into heads; its `kernel` does the equation. `fused` never forms the weights and is fast; `explicit`
forms them, so that an observer can see them (inspect/watch.py). Both give the same value.
"""

import math
from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from sfumato.errors import RecipeError, ShapeError
from sfumato.nets.norms import RMSNorm

Kernel = Callable[[Tensor, Tensor, Tensor, Tensor | None], Tensor]
"""q [b n l e], k and v [b n m e], key mask Bool [b m] (True = real) or None -> [b n l e]."""

Turn = Callable[[Tensor], Tensor]
"""A rotation of queries and keys [b n l e] by position (rotary embedding)."""


def fused(
    q: Float[Tensor, "b n l e"],
    k: Float[Tensor, "b n m e"],
    v: Float[Tensor, "b n m e"],
    mask: Bool[Tensor, "b m"] | None,
) -> Float[Tensor, "b n l e"]:
    """PyTorch's scaled_dot_product_attention: the weights are never stored."""
    return F.scaled_dot_product_attention(q, k, v, attn_mask=None if mask is None else mask[:, None, None, :])


def explicit(
    q: Float[Tensor, "b n l e"],
    k: Float[Tensor, "b n m e"],
    v: Float[Tensor, "b n m e"],
    mask: Bool[Tensor, "b m"] | None,
) -> tuple[Float[Tensor, "b n l e"], Float[Tensor, "b n l m"]]:
    """The same value, and the weights [b, n, l, m] it was made with: each row sums to 1, masked keys have weight 0."""
    scores = (q / math.sqrt(q.shape[-1])) @ k.transpose(-1, -2)
    if mask is None:
        weights = scores.softmax(dim=-1)
    else:
        padding = ~mask[:, None, None, :]
        weights = scores.masked_fill(padding, -math.inf).softmax(dim=-1).masked_fill(padding, 0.0)
    return weights.to(v.dtype) @ v, weights


def formed(
    q: Float[Tensor, "b n l e"],
    k: Float[Tensor, "b n m e"],
    v: Float[Tensor, "b n m e"],
    mask: Bool[Tensor, "b m"] | None,
) -> Float[Tensor, "b n l e"]:
    """The value of `explicit` alone: on a CPU its backward pass is several times as fast as that of `fused`."""
    return explicit(q, k, v, mask)[0]


class Attention(nn.Module):
    """Attention of x [b l d] to itself, or to a context [b m c] where one is given.

    heads x head_dim is the inner width (head_dim defaults to dim / heads). bias: of the projections to q, k and v; the
    output projection always has one. qk_norm: RMS-normalise queries and keys per head with a learned scale, so that the
    scores stay bounded (Dehghani et al. 2023, section 2). The mask marks real keys; a sample with no real key at all
    attends to nothing, and gets the bias of the output projection alone.
    """

    def __init__(
        self,
        dim: int,
        *,
        heads: int,
        head_dim: int | None = None,
        context_dim: int | None = None,
        bias: bool = False,
        qk_norm: bool = False,
    ) -> None:
        super().__init__()
        if head_dim is None and dim % heads:
            raise RecipeError(
                f"{dim} features do not split into {heads} heads; choose heads that divide it, or give head_dim"
            )
        self.heads = heads
        self.head_dim = head_dim or dim // heads
        self.context_dim = context_dim or dim
        inner = self.heads * self.head_dim
        self.to_q = nn.Linear(dim, inner, bias=bias)
        self.to_k = nn.Linear(self.context_dim, inner, bias=bias)
        self.to_v = nn.Linear(self.context_dim, inner, bias=bias)
        self.norm_q = RMSNorm(self.head_dim) if qk_norm else nn.Identity()
        self.norm_k = RMSNorm(self.head_dim) if qk_norm else nn.Identity()
        self.to_out = nn.Linear(inner, dim)
        self.kernel: Kernel = fused

    def forward(
        self,
        x: Float[Tensor, "b l d"],
        context: Float[Tensor, "b m c"] | None = None,
        mask: Bool[Tensor, "b m"] | None = None,
        turn: Turn | None = None,
    ) -> Float[Tensor, "b l d"]:
        """x attends to the context, or to itself; `turn` rotates queries and keys by their positions."""
        source = x if context is None else context
        if source.shape[-1] != self.context_dim:
            raise ShapeError(
                f"attention was given a context of {source.shape[-1]} features; it was built for {self.context_dim}. "
                "Encode the text with the encoder this network was trained with, or build it with that context_dim"
            )
        q = self.norm_q(self._split(self.to_q(x)))
        k = self.norm_k(self._split(self.to_k(source)))
        v = self._split(self.to_v(source))
        if turn is not None:
            q, k = turn(q), turn(k)
        return self.to_out(self.kernel(q, k, v, mask).transpose(1, 2).flatten(2))

    def _split(self, x: Float[Tensor, "b l i"]) -> Float[Tensor, "b n l e"]:
        return x.unflatten(-1, (self.heads, self.head_dim)).transpose(1, 2)


def checked_text(
    tokens: Tensor | None, mask: Tensor | None, *, batch: int, token_dim: int | None
) -> tuple[Tensor | None, Tensor | None]:
    """Tokens and mask as a network of token_dim can use them; (None, None) where it attends to no text.

    Raises:
        ShapeError: tokens that are missing or of another shape, or a mask that is not theirs.
    """
    if token_dim is None:
        return None, None
    if tokens is None or len(tokens) != batch or tokens.shape[2] != token_dim:
        raise ShapeError(
            f"tokens are {None if tokens is None else list(tokens.shape)}; this network attends to text and needs "
            f"[{batch}, any, {token_dim}]: pass the states of its own text encoder (of the empty prompt for no prompt)"
        )
    if mask is not None and (mask.dtype != torch.bool or mask.shape != tokens.shape[:2]):
        raise ShapeError(
            f"the token mask is {mask.dtype} {list(mask.shape)}; expected torch.bool {list(tokens.shape[:2])}, "
            "True where a token is real: pass the mask that came with the tokens"
        )
    return tokens, mask
