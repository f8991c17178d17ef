"""The denoiser's objective with what is needed to look at it and to ship it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import UInt8
from torch import nn

from sfumato.autoencoder import Autoencoder
from sfumato.corpus.rows import Row
from sfumato.options import whole_sampler, whole_threshold
from sfumato.train.denoising import Denoising
from sfumato.train.events import HeldOut
from sfumato.train.looking import held_out, sheet
from sfumato.train.recipe import TrainRecipe
from sfumato.train.store import Store


class DenoiserTask(Denoising):
    """Denoising plus val rows and an autoencoder to draw samples with."""

    def __init__(
        self,
        net: nn.Module,
        *,
        recipe: TrainRecipe,
        autoencoder: Autoencoder,
        val: tuple[Store, Sequence[Row]],
        **parts: Any,
    ) -> None:
        super().__init__(net, **parts)
        self.recipe, self.autoencoder, self.val = recipe, autoencoder, val

    def held_out(self, images: int, net: nn.Module, /) -> HeldOut:
        """The loss of other weights by noise level (train/looking.py)."""
        return held_out(self, net, *self.val, self.recipe.watch, images)

    def sheet(self, net: nn.Module, /) -> UInt8[np.ndarray, "H W 3"]:
        """The recipe's prompts drawn with other weights."""
        return sheet(self, net, self.autoencoder, self.recipe.watch)

    def defaults(self) -> dict[str, Any]:
        """A picture's settings where the user says nothing: what the run's sheets are drawn with."""
        watch = self.recipe.watch
        threshold = whole_threshold(watch.threshold)
        return {
            "steps": watch.steps,
            "sampler": whole_sampler(watch.sampler, {}),
            "guidance": {"kind": "classifier-free", "scale": watch.guidance},
            **({"threshold": threshold} if threshold else {}),
        }

    def about(self) -> dict[str, Any]:
        """What the card says beside data and history."""
        return {}
