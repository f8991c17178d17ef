"""Token states of a run's texts, encoded once: a caption comes back with every showing of its picture.

What is remembered must be a function of the text alone, or a resumed run, which meets the texts in other company, would
differ from one that was never interrupted. So the encoder always runs on CHUNK texts of one length, a multiple of STEP
that follows from the text: what stands beside a text never changes the shape of the arithmetic (tests/text/
test_remembered.py).
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

import torch
from jaxtyping import Float
from torch import Tensor

from sfumato.conditioner import Conditioning
from sfumato.text.conditioner import TextConditioner
from sfumato.text.tokenizer import Tokenised
from sfumato.train.precision import autocast

CHUNK, STEP = 16, 8
LIMIT = 512 << 20
"""Bytes of token states that are kept; texts beyond them are encoded each time."""


class Remembered:
    """A text encoder in training: `encode_batch` as its own, in the run's number format, each text encoded once.

    The states are kept without their padding, in half precision where the run has bfloat16 (which errs by more).
    """

    def __init__(self, inner: TextConditioner, dtype: torch.dtype, *, limit: int = LIMIT) -> None:
        self.inner, self.dtype, self.limit = inner, dtype, limit
        self._known: dict[tuple[int, ...], Float[Tensor, "n d"]] = {}
        self._bytes = 0

    @torch.no_grad()
    def encode_batch(self, prompts: Sequence[str], /) -> Conditioning:
        """Token states of all prompts, with no gradient."""
        texts = self.inner.read(prompts)
        fresh = dict(self.encoded({text.ids: text for text in texts if text.ids not in self._known}))
        words = self.inner.encoder.words.weight
        tokens = torch.zeros(len(texts), self.inner.max_tokens, words.shape[1], device=words.device)
        for row, text in zip(tokens, texts, strict=True):
            known = self._known.get(text.ids)
            row[: len(text)] = fresh[text.ids] if known is None else known
        return self.inner.gather(texts, [tokens])

    def encoded(self, texts: dict[tuple[int, ...], Tokenised]) -> Iterator[tuple[tuple[int, ...], Tensor]]:
        """The states of new texts, remembered while there is room."""
        device = self.inner.encoder.words.weight.device
        kept_as = torch.float32 if self.dtype == torch.float32 else torch.float16
        for length, group in groupby(sorted(texts.values(), key=self.length), self.length):
            alike = list(group)
            for start in range(0, len(alike), CHUNK):
                some = alike[start : start + CHUNK]
                with autocast(self.dtype, device):
                    states = self.inner.states(some + some[-1:] * (CHUNK - len(some)), length)
                for text, padded in zip(some, states, strict=False):
                    kept = padded[: len(text)].to(kept_as)
                    if self._bytes + kept.nbytes <= self.limit:
                        self._known[text.ids] = kept.clone()
                        self._bytes += kept.nbytes
                    yield text.ids, kept

    def length(self, text: Tokenised) -> int:
        """How many tokens the encoder is given for a text: the next multiple of STEP."""
        return min(-(-len(text) // STEP) * STEP, self.inner.max_tokens)
