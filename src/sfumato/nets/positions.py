"""Where a patch lies: absolute positions that are added, or rotations that make attention see distances.

Positions are row and column of the patch in its grid, computed for the grid at hand: a network takes any size.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from sfumato.errors import RecipeError
from sfumato.nets.attention import Turn
from sfumato.nets.embed import Sinusoidal


def grid(height: int, width: int) -> tuple[Float[Tensor, " l"], Float[Tensor, " l"]]:
    """Row and column of each of height x width patches, row by row, in float64 on the CPU."""
    rows = torch.arange(height, dtype=torch.float64, device="cpu").repeat_interleave(width)
    columns = torch.arange(width, dtype=torch.float64, device="cpu").repeat(height)
    return rows, columns


class SinusoidalPositions:
    """Absolute positions [l, dim]: the first half of the features tells the row, the second the column.

    Each half is the embedding of embed.py (Vaswani et al. 2017, section 3.5), as in DiT (Peebles and Xie 2023).
    """

    def __init__(self, dim: int) -> None:
        if dim % 4:
            raise RecipeError(f"sinusoidal positions need a width that 4 divides; got {dim}: choose another width")
        self.axis = Sinusoidal(dim // 2, flip_sin_to_cos=False)

    def __call__(self, height: int, width: int, like: Tensor) -> Float[Tensor, "l d"]:
        """The vectors to add to height x width patches, on the device of `like`."""
        return torch.cat([self.axis(place) for place in grid(height, width)], dim=1).to(like.device)


class RotaryPositions:
    """Rotary embedding in two dimensions (Su et al. 2021, equation 34; axial, as Heo et al. 2024, section 3).

    Features are taken in pairs, and pair k of a query or key at position p is turned by the angle p f_k: half of the
    pairs by the row, half by the column, with f_k = period^(-k / (e/4)). The product of a turned query and a turned key
    depends on the difference of their positions only.
    """

    def __init__(self, head_dim: int, *, period: float = 100.0) -> None:
        if head_dim % 4:
            raise RecipeError(f"rotary positions need heads whose width 4 divides; got {head_dim}: choose other heads")
        k = torch.arange(head_dim // 4, dtype=torch.float64, device="cpu")
        self.frequencies = torch.exp(-math.log(period) * k / (head_dim // 4))

    def __call__(self, height: int, width: int, like: Tensor) -> Turn:
        """The rotation of queries and keys [b n l e] of height x width patches."""
        angles = torch.cat([place[:, None] * self.frequencies for place in grid(height, width)], dim=1)
        cos, sin = (part.to(like.device, torch.float32) for part in (angles.cos(), angles.sin()))

        def turn(x: Float[Tensor, "b n l e"]) -> Float[Tensor, "b n l e"]:
            first, second = x.chunk(2, dim=-1)
            return torch.cat([first * cos - second * sin, first * sin + second * cos], dim=-1).to(x.dtype)

        return turn
