"""A text encoder of the BERT family: token numbers in, one state for each token out.

    h_0     = norm(word[id] + position[place])
    a       = norm(h + out(attention(query h, key h, value h)))
    h_next  = norm(a + down(gelu(up a)))

Devlin et al. 2019 (arXiv:1810.04805), section 3; attention as in Vaswani et al. 2017, equation 1, and the norm comes
after each sum ("post-norm"). BERT adds a segment vector too: a prompt is one segment, so that vector is a constant, and
it is kept inside the position table. There is no pooler: the denoiser attends to the token states.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from sfumato.errors import ShapeError


def table(rows: int, width: int) -> nn.Embedding:
    """A learned vector for each of `rows`, drawn as a linear layer of that width draws its weights.

    Not the normal draw of nn.Embedding: on the meta device, where a stored encoder is built, that makes torch import
    its compiler, which takes seconds.
    """
    weight = torch.empty(rows, width)
    return nn.Embedding.from_pretrained(nn.init.kaiming_uniform_(weight, a=5**0.5), freeze=False)


class EncoderLayer(nn.Module):
    """What a layer of every text encoder is made of: self-attention and a two-layer perceptron, each with a norm.

    Where the norms stand is what sets the families apart: after the sums (here), or before them (nets/tower.py).
    """

    def __init__(self, *, width: int, heads: int, hidden: int, eps: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm_1 = nn.LayerNorm(width, eps)
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)
        self.norm_2 = nn.LayerNorm(width, eps)
        self.up = nn.Linear(width, hidden)
        self.down = nn.Linear(hidden, width)

    def mixed(self, h: Float[Tensor, "b l d"], allowed: Bool[Tensor, "b 1 m l"]) -> Float[Tensor, "b l d"]:
        """out(attention(query h, key h, value h)); a token attends to those that are `allowed`."""
        q, k, v = (
            part(h).unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (self.query, self.key, self.value)
        )
        return self.out(F.scaled_dot_product_attention(q, k, v, attn_mask=allowed).transpose(1, 2).flatten(2))


class Layer(EncoderLayer):
    """Self-attention, then a two-layer perceptron, each added to its input and normalised."""

    def forward(self, h: Float[Tensor, "b l d"], allowed: Bool[Tensor, "b 1 1 l"]) -> Float[Tensor, "b l d"]:
        """The next states; a token attends to those that are `allowed`."""
        a = self.norm_1(h + self.mixed(h, allowed))
        return self.norm_2(a + self.down(F.gelu(self.up(a))))


def refuse_heads(width: int, heads: int) -> None:
    """Raise ShapeError where a width does not divide into heads."""
    if width % heads:
        raise ShapeError(f"width {width} does not divide into {heads} heads; choose heads that divide it")


def places(ids: Int[Tensor, "b l"], table: nn.Embedding) -> Int[Tensor, " l"]:
    """0, 1, 2, ... for each token. Raises ShapeError where there are more than a position table has rows."""
    length = ids.shape[1]
    if length > table.num_embeddings:
        raise ShapeError(f"{length} tokens; this encoder has positions for {table.num_embeddings}: cut the text")
    return torch.arange(length, device=ids.device)


class TextEncoder(nn.Module):
    """Token numbers and a mask to token states [b, l, width].

    positions is the longest text it takes, hidden the width inside the perceptrons. What stands at padded places is
    computed but means nothing; no real token ever attends to it.
    """

    def __init__(
        self, *, vocabulary: int, width: int, depth: int, heads: int, hidden: int, positions: int, eps: float = 1e-12
    ) -> None:
        super().__init__()
        refuse_heads(width, heads)
        self.options = {
            "vocabulary": vocabulary, "width": width, "depth": depth, "heads": heads, "hidden": hidden,
            "positions": positions, "eps": eps,
        }  # fmt: skip
        self.words = table(vocabulary, width)
        self.positions = table(positions, width)
        self.norm = nn.LayerNorm(width, eps)
        self.layers = nn.ModuleList(Layer(width=width, heads=heads, hidden=hidden, eps=eps) for _ in range(depth))

    def forward(self, ids: Int[Tensor, "b l"], mask: Bool[Tensor, "b l"]) -> Float[Tensor, "b l d"]:
        """States of the tokens `ids`; mask is True where a token is real. Raises ShapeError past the position table."""
        h = self.norm(self.words(ids) + self.positions(places(ids, self.positions)))
        for layer in self.layers:
            h = layer(h, mask[:, None, None, :])
        return h
