"""c of a model that reads no text: the same for every prompt."""

from collections.abc import Sequence

import torch

from sfumato.conditioner import Conditioning


class NoText:
    """The Conditioner of an unconditional model: one token of zeros, whatever is asked.

    Its network must attend to no text; one that does refuses these tokens as too narrow. They say where the model is
    (`to`), for noise is drawn there.
    """

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)

    def to(self, device: torch.device | str) -> "NoText":
        """Go to a device, as a module does."""
        self.device = torch.device(device)
        return self

    def __call__(self, prompts: Sequence[str], /) -> Conditioning:
        """The same for each prompt."""
        count = len(prompts)
        tokens = torch.zeros(count, 1, 1, device=self.device)
        return Conditioning(tokens, torch.ones(count, 1, dtype=torch.bool, device=self.device), ((),) * count)

    def encode_batch(self, prompts: Sequence[str], /) -> Conditioning:
        """The same as calling it."""
        return self(prompts)

    def notes(self, prompt: str, /) -> tuple[str, ...]:
        """That a prompt changes nothing."""
        return ("this model reads no text: the prompt changes nothing",) if prompt.strip() else ()
