"""A text encoder of the CLIP family: token numbers in, one state for each token out.

    h_0     = word[id] + position[place]
    a       = h + out(attention(query norm_1 h, key norm_1 h, value norm_1 h))
    h_next  = a + down(f(up norm_2 a))                            f: gelu, or its sigmoid form x / (1 + exp(-1.702 x))
    states  = norm h_last

Radford et al. 2021 (arXiv:2103.00020), section 2.4: the norm comes before each sum ("pre-norm"), and the state of the
last token stands for the whole text. CLIP lets a token attend to itself and those before it ("causal"); a tower that is
not to be compared with CLIP's may let it attend to all ("whole").
"""

from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from sfumato.nets.text import EncoderLayer, places, refuse_heads, table

Attend = Literal["causal", "whole"]
Activation = Literal["gelu", "quick_gelu"]


def quick_gelu(x: Float[Tensor, "*a"]) -> Float[Tensor, "*a"]:
    """x sigmoid(1.702 x), Hendrycks and Gimpel 2016, section 2: near gelu, and what CLIP was first trained with."""
    return x * torch.sigmoid(1.702 * x)


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"gelu": F.gelu, "quick_gelu": quick_gelu}


class TowerLayer(EncoderLayer):
    """Self-attention, then a two-layer perceptron, each of the normalised states and added to them."""

    def __init__(self, *, width: int, heads: int, hidden: int, activation: Activation, eps: float) -> None:
        super().__init__(width=width, heads=heads, hidden=hidden, eps=eps)
        self.activation = ACTIVATIONS[activation]

    def forward(self, h: Float[Tensor, "b l d"], allowed: Bool[Tensor, "b 1 m l"]) -> Float[Tensor, "b l d"]:
        """The next states; a token attends to those that are `allowed`."""
        a = h + self.mixed(self.norm_1(h), allowed)
        return a + self.down(self.activation(self.up(self.norm_2(a))))


class TextTower(nn.Module):
    """Token numbers and a mask to token states [b, l, width].

    positions is the longest text it takes, hidden the width inside the perceptrons. What stands at padded places is
    computed but means nothing; no real token ever attends to it.
    """

    def __init__(
        self,
        *,
        vocabulary: int,
        width: int,
        depth: int,
        heads: int,
        hidden: int,
        positions: int,
        attend: Attend = "whole",
        activation: Activation = "gelu",
        eps: float = 1e-5,
    ) -> None:
        super().__init__()
        refuse_heads(width, heads)
        self.options = {
            "vocabulary": vocabulary, "width": width, "depth": depth, "heads": heads, "hidden": hidden,
            "positions": positions, "attend": attend, "activation": activation, "eps": eps,
        }  # fmt: skip
        self.attend = attend
        self.words = table(vocabulary, width)
        self.positions = table(positions, width)
        self.layers = nn.ModuleList(
            TowerLayer(width=width, heads=heads, hidden=hidden, activation=activation, eps=eps) for _ in range(depth)
        )
        self.norm = nn.LayerNorm(width, eps)

    def forward(self, ids: Int[Tensor, "b l"], mask: Bool[Tensor, "b l"]) -> Float[Tensor, "b l d"]:
        """States of the tokens `ids`; mask is True where a token is real. Raises ShapeError past the position table."""
        h = self.words(ids) + self.positions(places(ids, self.positions))
        length = ids.shape[1]
        allowed = mask[:, None, None, :].expand(-1, 1, length, -1)
        if self.attend == "causal":
            allowed = allowed & torch.ones(length, length, dtype=torch.bool, device=ids.device).tril()
        for layer in self.layers:
            h = layer(h, allowed)
        return self.norm(h)


def last_state(states: Float[Tensor, "b l d"], mask: Bool[Tensor, "b l"]) -> Float[Tensor, "b d"]:
    """The state of the last real token of each text: that of its end, which has seen all of it."""
    return states[torch.arange(len(states), device=states.device), mask.sum(dim=1) - 1]
