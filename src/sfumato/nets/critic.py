"""A critic of patches: one number for each place of a picture, high where it looks real.

Isola et al. 2017 (arXiv:1611.07004, section 3.2.2, "PatchGAN"): a few strided convolutions, so that only texture the
size of a patch is judged. No normalisation: a picture is judged by itself, whatever else is in the batch.
"""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

SLOPE = 0.2
"""Of the leaky ReLU, as in Isola et al."""


class Critic(nn.Module):
    """Pictures [b, colours, H, W] to logits [b, 1, H/f, W/f], f = 2^len(widths)."""

    def __init__(self, *, colours: int = 3, widths: Sequence[int] = (32, 64, 128)) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, width in zip((colours, *widths[:-1]), widths, strict=True):
            layers += [nn.Conv2d(before, width, 4, stride=2, padding=1), nn.LeakyReLU(SLOPE)]
        layers.append(nn.Conv2d(widths[-1], 1, 3, padding=1))
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Float[Tensor, "b c H W"]) -> Float[Tensor, "b 1 h w"]:
        """The logits."""
        return self.layers(x)
