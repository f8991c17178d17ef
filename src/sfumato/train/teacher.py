"""A frozen text encoder to learn from: the mean of its token states stands for a text."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from sfumato.train.denoising import BatchConditioner

REMEMBERED = 1 << 18
"""Texts whose vectors are kept: a few hundred megabytes at most."""


class Teacher:
    """Called with texts, answers the mean of each one's token states, [b, d] in float32 with no gradient."""

    def __init__(self, conditioner: BatchConditioner) -> None:
        self.conditioner = conditioner
        self._known: dict[str, Tensor] = {}

    @torch.no_grad()
    def __call__(self, texts: Sequence[str], /) -> Float[Tensor, "b d"]:
        """Each different text is encoded once, in a batch with the others that are new."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if len(self._known) + len(new) > REMEMBERED:
            self._known.clear()
            new = list(dict.fromkeys(texts))
        if new:
            cond = self.conditioner.encode_batch(new)
            means = cond.tokens.sum(dim=1) / cond.mask.sum(dim=1, keepdim=True)
            self._known |= dict(zip(new, means, strict=True))
        return torch.stack([self._known[text] for text in texts])
