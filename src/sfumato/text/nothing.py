"""c of a model that reads no text: the same for every prompt."""

from collections.abc import Sequence

import torch

from sfumato.conditioner import Conditioning


class NoText:
    """The Conditioner of an unconditional model: one token of zeros, whatever is asked.

    Its network must attend to no text; one that does refuses these tokens as too narrow.
    """

    def __call__(self, prompts: Sequence[str], /) -> Conditioning:
        """The same for each prompt."""
        count = len(prompts)
        return Conditioning(torch.zeros(count, 1, 1), torch.ones(count, 1, dtype=torch.bool), ((),) * count)

    def encode_batch(self, prompts: Sequence[str], /) -> Conditioning:
        """The same as calling it."""
        return self(prompts)

    def notes(self, prompt: str, /) -> tuple[str, ...]:
        """That a prompt changes nothing."""
        return ("this model reads no text: the prompt changes nothing",) if prompt.strip() else ()
