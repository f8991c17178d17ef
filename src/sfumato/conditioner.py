"""c = E(prompt), text in and token states out [trail 2]."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from jaxtyping import Float

from sfumato.arrays import concat
from sfumato.types import Array, Mask, Tokens


@dataclass(frozen=True, eq=False)
class Conditioning:
    """What the denoiser is told: a state for each token, which tokens are real, and their text.

    `words[k]` are the tokens of prompt k as text, so that a column of an attention map can be named. `pooled` is one
    vector per prompt, where a model wants one.
    """

    tokens: Tokens
    mask: Mask
    words: tuple[tuple[str, ...], ...]
    pooled: Float[Array, "b p"] | None = None

    def __len__(self) -> int:
        """The number of prompts."""
        return len(self.words)

    def __add__(self, other: "Conditioning") -> "Conditioning":
        """The prompts of both, one after the other: how guidance puts both halves in one batch."""
        pooled = None
        if self.pooled is not None and other.pooled is not None:
            pooled = concat([self.pooled, other.pooled])
        return Conditioning(
            concat([self.tokens, other.tokens]), concat([self.mask, other.mask]), self.words + other.words, pooled
        )


@runtime_checkable
class Conditioner(Protocol):
    """A text encoder. The empty prompt is the unconditional one."""

    def __call__(self, prompts: Sequence[str], /) -> Conditioning:
        """Encode each prompt; the answer has the same shape whatever the prompts."""
        ...
