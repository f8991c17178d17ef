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
    vector per prompt, where a model wants one. `dials` are further numbers that a network made for few steps is told:
    the guidance scale less 1, so that 0 is the plain prompt.
    """

    tokens: Tokens
    mask: Mask
    words: tuple[tuple[str, ...], ...]
    pooled: Float[Array, "b p"] | None = None
    dials: Float[Array, "b k"] | None = None

    def __len__(self) -> int:
        """The number of prompts."""
        return len(self.words)

    def __add__(self, other: "Conditioning") -> "Conditioning":
        """The prompts of both, one after the other: how guidance puts both halves in one batch."""
        tokens, mask = concat([self.tokens, other.tokens]), concat([self.mask, other.mask])
        pooled, dials = _both(self.pooled, other.pooled), _both(self.dials, other.dials)
        return Conditioning(tokens, mask, self.words + other.words, pooled, dials)

    def rows(self, chosen: Sequence[int]) -> "Conditioning":
        """Some of the prompts, in the order asked for, any as often as it is named."""
        pooled, dials = (None if part is None else part[chosen] for part in (self.pooled, self.dials))
        return Conditioning(self.tokens[chosen], self.mask[chosen], tuple(self.words[k] for k in chosen), pooled, dials)


def _both(one: Array | None, other: Array | None) -> Array | None:
    """Both, one after the other, where both are there."""
    return None if one is None or other is None else concat([one, other])


@runtime_checkable
class Conditioner(Protocol):
    """A text encoder. The empty prompt is the unconditional one."""

    def __call__(self, prompts: Sequence[str], /) -> Conditioning:
        """Encode each prompt; the answer has the same shape whatever the prompts."""
        ...
