"""How far a reconstruction is from its picture: the terms of the autoencoder's loss that compare the two.

For y and x in [-1, 1] with any number of channels, and D^k(.) averaging squares of 2^k pixels:

distance = |y - x| + g |grad y - grad x| + q (y - x)^2 + s mean over k = 1..3 of |D^k y - D^k x|

each a mean over elements: L1, L1 of differences (edges), mean square, and L1 at coarser scales, which sees colours
drift where single pixels do not. For RGBA the same is asked twice, with a weight: of the premultiplied channels, and of
what is seen over a background of a random colour, since that is what people look at.
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from sfumato.alpha import over
from sfumato.train.recipe import AutoencoderLoss

SCALES = 3
"""How many coarser scales are compared."""


def reconstruction(
    y: Float[Tensor, "b c H W"],
    x: Float[Tensor, "b c H W"],
    background: Float[Tensor, "b 3 1 1"] | None,
    weights: AutoencoderLoss,
) -> Float[Tensor, ""]:
    """The distance; for RGBA of both, `weights.composite` being the share of what is seen over `background`."""
    if background is None:
        return distance(y, x, weights)
    seen = distance(over(y, background), over(x, background), weights)
    return (1.0 - weights.composite) * distance(y, x, weights) + weights.composite * seen


def distance(y: Float[Tensor, "b c H W"], x: Float[Tensor, "b c H W"], weights: AutoencoderLoss) -> Float[Tensor, ""]:
    """The terms with their weights."""
    total = (y - x).abs().mean() + weights.gradient * gradient(y, x) + weights.squared * (y - x).square().mean()
    return total + weights.scales * coarse(y, x) if weights.scales else total


def gradient(y: Tensor, x: Tensor) -> Tensor:
    """The L1 distance of horizontal and vertical differences."""
    down = (y.diff(dim=2) - x.diff(dim=2)).abs().mean()
    return down + (y.diff(dim=3) - x.diff(dim=3)).abs().mean()


def coarse(y: Tensor, x: Tensor) -> Tensor:
    """The L1 distance of pictures scaled down by 2, 4 and 8, as far as they are large enough."""
    error, terms = y - x, []
    for _ in range(SCALES):
        if min(error.shape[-2:]) < 2:
            break
        error = F.avg_pool2d(error, 2)
        terms.append(error.abs().mean())
    return torch.stack(terms).mean() if terms else error.abs().mean()
