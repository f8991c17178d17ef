"""Two towers that meet in one space: a text and a picture become unit vectors, near each other where they fit.

    u = unit(W_c last(text(c))),  v = unit(W_x picture(x)),  logit = exp(scale) u.v + bias

Radford et al. 2021 (arXiv:2103.00020), section 2; the bias is that of the sigmoid loss (Zhai et al. 2023,
arXiv:2303.15343, section 3.2), which starts the logits where most pairs do not fit.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from sfumato.nets.tower import TextTower, last_state
from sfumato.nets.vae import Block


class PictureTower(nn.Module):
    """Pictures [b, 3, H, W] in [-1, 1] to one vector each [b, widths[-1]].

    The mean of shrink x shrink pixels, a pixel-unshuffle by 4, then residual blocks of plain convolutions, `depth` at
    each width, half the resolution from one width to the next; the mean over what is left of the picture, normalised.
    """

    def __init__(self, *, widths: Sequence[int], depth: int, shrink: int = 1) -> None:
        super().__init__()
        self.shrink = shrink
        layers: list[nn.Module] = [nn.PixelUnshuffle(4), nn.Conv2d(48, widths[0], 3, padding=1)]
        for k, width in enumerate(widths):
            if k > 0:
                layers.append(nn.Conv2d(widths[k - 1], width, 3, stride=2, padding=1))
            layers.extend(Block(width) for _ in range(depth))
        self.layers = nn.Sequential(*layers)
        self.norm = nn.LayerNorm(widths[-1])

    def forward(self, x: Float[Tensor, "b 3 H W"]) -> Float[Tensor, "b d"]:
        """One vector for each picture."""
        return self.norm(self.layers(F.avg_pool2d(x, self.shrink)).mean(dim=(2, 3)))


class Towers(nn.Module):
    """Both towers with their ways into the joint space of `joint` dimensions, and the logit's scale and bias.

    vocabulary ... positions are the text tower's (nets/tower.py), widths ... shrink the picture tower's.
    teacher: the width of a text encoder that the text tower is to learn from as well; 0 for none.
    """

    def __init__(
        self,
        *,
        vocabulary: int = 6144,
        width: int = 256,
        depth: int = 6,
        heads: int = 4,
        hidden: int = 1024,
        positions: int = 32,
        widths: Sequence[int] = (64, 128, 256),
        picture_depth: int = 1,
        shrink: int = 2,
        joint: int = 256,
        teacher: int = 0,
    ) -> None:
        super().__init__()
        self.text = TextTower(
            vocabulary=vocabulary, width=width, depth=depth, heads=heads, hidden=hidden, positions=positions
        )
        self.picture = PictureTower(widths=widths, depth=picture_depth, shrink=shrink)
        self.text_out = nn.Linear(width, joint, bias=False)
        self.picture_out = nn.Linear(widths[-1], joint, bias=False)
        self.scale = nn.Parameter(torch.tensor(math.log(10.0)))
        self.bias = nn.Parameter(torch.tensor(-10.0))
        self.to_teacher = nn.Linear(width, teacher) if teacher else None

    def of_text(self, ids: Int[Tensor, "b l"], mask: Bool[Tensor, "b l"]) -> Float[Tensor, "b j"]:
        """Unit vectors of texts."""
        return self.joint_text(last_state(self.text(ids, mask), mask))

    def joint_text(self, last: Float[Tensor, "b d"]) -> Float[Tensor, "b j"]:
        """Unit vectors from the states of the texts' ends."""
        return F.normalize(self.text_out(last).float(), dim=1)

    def of_pictures(self, x: Float[Tensor, "b 3 H W"]) -> Float[Tensor, "b j"]:
        """Unit vectors of pictures in [-1, 1]."""
        return F.normalize(self.picture_out(self.picture(x)).float(), dim=1)

    def logits(self, u: Float[Tensor, "k j"], v: Float[Tensor, "b j"]) -> Float[Tensor, "b k"]:
        """How well each text fits each picture: sigmoid of it is the probability of a pair, in training's batches."""
        return self.scale.exp() * (v @ u.T) + self.bias
