"""Multistep consistency sampling: jump to the end, add noise again, jump again (Song et al. 2023, algorithm 1)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from sfumato.process.schedule import Level
from sfumato.samplers.base import Denoise, Noise, Step
from sfumato.types import State


@dataclass(frozen=True, kw_only=True)
class Consistency:
    """x_s = alpha_s f(x_t, t) + sigma_s z, with f the x0_hat of a network that was trained for consistency.

    One evaluation for each pair of levels, one fresh noise for each but the last: the same seed gives the same picture.
    The paper ends at t_min and adds noise of variance sigma_s^2 - sigma_min^2 there; here every end is CLEAN. For a
    network whose boundary is t_min > 0, x0_hat goes straight on past it, an error of the order of t_min.

    Accuracy: with the exact consistency function each number of steps is exact in distribution (tests/proofs/
    test_consistency.py), so there is no order of convergence: 0. A plain denoiser answers the mean of what is possible,
    not the end of a trajectory, and this sampler then loses variance at every step: use DDIM and its kin for those.
    """

    kind: ClassVar[str] = "consistency"
    order: ClassVar[int] = 0

    def __call__(self, denoise: Denoise, x: State, levels: Sequence[Level], noise: Noise, /) -> Iterator[Step]:
        """Yield a Step for each consecutive pair of `levels`."""
        for i, (here, there) in enumerate(pairwise(levels)):
            p = denoise(x, here)
            x = there.alpha * p.x0_hat
            if there.sigma > 0.0:
                x = x + there.sigma * noise(i, 0, x)
            yield Step(i, here, there, p, x)
