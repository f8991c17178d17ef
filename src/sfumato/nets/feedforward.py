"""The layer of a transformer that works on each token by itself: plain (GELU), or gated (GEGLU, SwiGLU).

The gated ones multiply one half of a linear layer by an activation of the other (Shazeer 2020, "GLU variants improve
transformer"). All map [b l d] -> [b l d] through a hidden width.
"""

from typing import Literal

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

FeedForward = Literal["gelu", "geglu", "swiglu"]


class GELU(nn.Module):
    """linear2(gelu(linear1 x)), hidden width 4 d (Vaswani et al. 2017, with Hendrycks and Gimpel's activation)."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.linear1 = nn.Linear(dim, 4 * dim)
        self.linear2 = nn.Linear(4 * dim, dim)

    def forward(self, x: Float[Tensor, "b l d"]) -> Float[Tensor, "b l d"]:
        """Each token by itself."""
        return self.linear2(F.gelu(self.linear1(x)))


class GEGLU(nn.Module):
    """linear2(a gelu(b)) with [a, b] = linear1 x, hidden width 4 d: the one of latent diffusion."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.linear1 = nn.Linear(dim, 8 * dim)
        self.linear2 = nn.Linear(4 * dim, dim)

    def forward(self, x: Float[Tensor, "b l d"]) -> Float[Tensor, "b l d"]:
        """Each token by itself."""
        value, gate = self.linear1(x).chunk(2, dim=-1)
        return self.linear2(value * F.gelu(gate))


class SwiGLU(nn.Module):
    """linear2(a silu(b)) with [a, b] = linear1 x, hidden width 8/3 d: as many weights as GELU (up to rounding to 8)."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        hidden = 8 * round(dim / 3)
        self.linear1 = nn.Linear(dim, 2 * hidden)
        self.linear2 = nn.Linear(hidden, dim)

    def forward(self, x: Float[Tensor, "b l d"]) -> Float[Tensor, "b l d"]:
        """Each token by itself."""
        value, gate = self.linear1(x).chunk(2, dim=-1)
        return self.linear2(value * F.silu(gate))


FEED_FORWARD: dict[str, type[nn.Module]] = {"gelu": GELU, "geglu": GEGLU, "swiglu": SwiGLU}
