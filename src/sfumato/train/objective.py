"""What a run optimises: the protocol that the loop knows, and nothing of diffusion."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8
from torch import Tensor, nn

from sfumato.train.events import HeldOut


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One update: its number (from 0), the pictures shown before it, and how many it shows."""

    step: int
    shown: int
    count: int

    def share(self, part: slice) -> float:
        """Which share of its pictures a part has."""
        return (part.stop - part.start) / self.count


@runtime_checkable
class Objective(Protocol):
    """A loss over a corpus, with its ways of being looked at."""

    @property
    def net(self) -> nn.Module:
        """The network in training."""
        ...

    @property
    def splits(self) -> bool:
        """Whether several threads may compute the losses of a moment's parts at the same time, at no further work."""
        ...

    def loss(self, moment: Moment, part: slice, /) -> Tensor:
        """The mean loss over one part of the pictures of this moment; a pure function of both and of the weights."""
        ...

    def held_out(self, images: int, net: nn.Module, /) -> HeldOut:
        """The loss of other weights (the average) on val rows, with fixed noise."""
        ...

    def sheet(self, net: nn.Module, /) -> UInt8[np.ndarray, "H W 3"]:
        """A sheet of samples of other weights, always of the same prompts and noise."""
        ...
