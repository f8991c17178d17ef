"""c = E(prompt) with a text encoder of the BERT or the CLIP family: the Conditioners that need torch."""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from sfumato.conditioner import Conditioning
from sfumato.errors import RecipeError
from sfumato.nets.text import TextEncoder
from sfumato.nets.tower import TextTower, last_state
from sfumato.text.tokenizer import Tokenised, Tokenizer


class TextConditioner:
    """Prompts to token states [b, max_tokens, d] in float32, zero at padding; the mask is True at real tokens.

    Called, it runs the encoder once for each different prompt, always on [1, max_tokens]: what a prompt becomes does
    not depend, to the last bit, on the prompts beside it (tests/text/test_conditioner.py). `encode_batch` gives that up
    for speed: it is for training.
    """

    def __init__(self, encoder: TextEncoder | TextTower, tokenizer: Tokenizer, *, max_tokens: int = 32) -> None:
        """Raises RecipeError when `max_tokens` does not suit the encoder, or the tokenizer does not."""
        positions, known = encoder.positions.num_embeddings, encoder.words.num_embeddings
        if type(max_tokens) is not int or not 3 <= max_tokens <= positions:
            raise RecipeError(f"max_tokens is {max_tokens!r}; this text encoder takes 3 to {positions}")
        if len(tokenizer) > known:
            raise RecipeError(
                f"the tokenizer has {len(tokenizer)} tokens, the text encoder {known}: they are not a pair"
            )
        self.encoder, self.tokenizer, self.max_tokens = encoder, tokenizer, max_tokens

    @torch.no_grad()
    def __call__(self, prompts: Sequence[str], /) -> Conditioning:
        """Encode each prompt by itself; the empty one is the unconditional one."""
        texts = self.read(prompts)
        tokens = {text.ids: self.states([text], self.max_tokens) for text in texts}
        return self.gather(texts, [tokens[text.ids] for text in texts])

    @torch.no_grad()
    def encode_batch(self, prompts: Sequence[str], /) -> Conditioning:
        """All prompts in one pass at the length of the longest: equal to calling it, up to float32 rounding."""
        texts = self.read(prompts)
        return self.gather(texts, [self.states(texts, max(map(len, texts)))] if texts else [])

    def notes(self, prompt: str, /) -> tuple[str, ...]:
        """What the user should know of how the prompt is read: where it is cut, which words are unknown."""
        return self.tokenizer(prompt, max_tokens=self.max_tokens).notes

    def read(self, prompts: Sequence[str]) -> list[Tokenised]:
        """Each prompt as tokens."""
        if isinstance(prompts, str):
            raise RecipeError("prompts is one string; expected a sequence of them: put it in a list")
        return [self.tokenizer(prompt, max_tokens=self.max_tokens) for prompt in prompts]

    def states(self, texts: Sequence[Tokenised], length: int) -> Float[Tensor, "b l d"]:
        """The encoder's answer, zero at padding, padded from `length` to max_tokens."""
        ids, mask = self.pad(texts, length)
        tokens = self.encoder(ids, mask).float() * mask[..., None]
        return torch.nn.functional.pad(tokens, (0, 0, 0, self.max_tokens - length))

    def pad(self, texts: Sequence[Tokenised], length: int) -> tuple[Int[Tensor, "b l"], Bool[Tensor, "b l"]]:
        """Token numbers and mask, on the encoder's device."""
        rows = [(*text.ids, *(self.tokenizer.pad,) * (length - len(text))) for text in texts]
        real = [[k < len(text) for k in range(length)] for text in texts]
        device = self.encoder.words.weight.device
        return torch.tensor(rows, device=device), torch.tensor(real, device=device)

    def gather(self, texts: Sequence[Tokenised], parts: Sequence[Float[Tensor, "n l d"]]) -> Conditioning:
        """The Conditioning of all texts; none at all gives one of no rows."""
        weight = self.encoder.words.weight
        tokens = torch.cat(list(parts)) if parts else weight.new_zeros(0, self.max_tokens, weight.shape[1]).float()
        lengths = torch.tensor([len(text) for text in texts], device=weight.device)
        mask = torch.arange(self.max_tokens, device=weight.device) < lengths[:, None]
        return Conditioning(tokens, mask, tuple(text.words for text in texts))


class TowerConditioner(TextConditioner):
    """The same with a tower of the CLIP family: the state of each text's end, which has seen it all, is `pooled`."""

    def gather(self, texts: Sequence[Tokenised], parts: Sequence[Float[Tensor, "n l d"]]) -> Conditioning:
        """The Conditioning of all texts, with the state of the end of each."""
        cond = super().gather(texts, parts)
        return Conditioning(cond.tokens, cond.mask, cond.words, pooled=last_state(cond.tokens, cond.mask))
