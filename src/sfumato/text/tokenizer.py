"""Text to token numbers, over the `tokenizers` library: WordPiece as BERT uses it, or byte pairs as CLIP does.

A prompt becomes [CLS] pieces [SEP]; the empty prompt is [CLS] [SEP]; in the CLIP family (text/bytepair.py) the ends are
<|startoftext|> and <|endoftext|>. WordPiece: Schuster and Nakajima 2012. Special tokens spelt out in a prompt are plain
text. Any string is taken: broken Unicode and NUL are left out, an over-long prompt is cut between two words, and
`notes` says so.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import tokenizers
from tokenizers.models import WordPiece

from sfumato.errors import CheckpointError, RecipeError

MAX_CHARACTERS = 10_000
"""More than this is never tokenised: far beyond what any encoder here reads, so that a megabyte costs nothing."""

SPECIAL = ("[CLS]", "[SEP]", "[UNK]", "[PAD]")
CLIP = ("<|startoftext|>", "<|endoftext|>", "<|endoftext|>", "<|endoftext|>")
"""What begins a text, ends it, stands for the unknown and pads, in each family."""


@dataclass(frozen=True)
class Tokenised:
    """One prompt as token numbers, the text of each token ("##" marks a piece inside a word), and notes."""

    ids: tuple[int, ...]
    words: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """How many tokens, [CLS] and [SEP] included."""
        return len(self.ids)


class Tokenizer:
    """Called with a prompt and how many tokens there is room for; answers Tokenised. Build it with `load_tokenizer`."""

    def __init__(self, engine: tokenizers.Tokenizer) -> None:
        """`engine` must know the special tokens of BERT or of CLIP; raises CheckpointError when it does not."""
        special = SPECIAL if engine.token_to_id(CLIP[0]) is None else CLIP
        self.cls, self.sep, self.unk, self.pad = (number_of(name, engine) for name in special)
        self.start, self.end = special[:2]
        engine.no_truncation()
        engine.no_padding()
        engine.encode_special_tokens = True
        self.engine = engine

    def __len__(self) -> int:
        """The size of the vocabulary."""
        return self.engine.get_vocab_size()

    def __call__(self, prompt: str, /, *, max_tokens: int) -> Tokenised:
        """The prompt as at most `max_tokens` tokens. Raises RecipeError for anything but a string."""
        if not isinstance(prompt, str):
            raise RecipeError(f"a prompt is {type(prompt).__name__}; it must be text")
        text, broken = readable(prompt)
        whole, text = text, shorten(text)
        pieces = self.engine.encode(text, add_special_tokens=False)
        kept = whole_words(pieces.word_ids, max_tokens - 2)
        notes = []
        if broken:
            notes.append(f"left out of the prompt, as they are not text (NUL or broken Unicode): {broken} characters")
        if kept < len(pieces) or len(text) < len(whole):
            end = pieces.offsets[kept - 1][1] if kept else 0
            notes.append(
                f"the prompt is cut after {last_word(text[:end])!r}: {max_tokens - 2} tokens are read at most, "
                "the rest has no effect"
            )
        notes.extend(self.unread(text, pieces, kept))
        ids = (self.cls, *pieces.ids[:kept], self.sep)
        return Tokenised(ids, (self.start, *self.spelt(text, pieces)[:kept], self.end), tuple(notes))

    def spelt(self, text: str, pieces: tokenizers.Encoding) -> list[str]:
        """The text of each piece; byte pairs are spelt by what they stand for, since their own names are bytes."""
        if isinstance(self.engine.model, WordPiece):
            return pieces.tokens
        before = [None, *pieces.word_ids]
        return [
            f"{'##' if word == last else ''}{text[start:end].lower()}"
            for (start, end), word, last in zip(pieces.offsets, pieces.word_ids, before, strict=False)
        ]

    def unread(self, text: str, pieces: tokenizers.Encoding, kept: int) -> list[str]:
        """What the vocabulary does not cover, in words."""
        if text and not len(pieces):
            return ["nothing in the prompt can be read: it counts as the empty prompt"]
        spans = [span for number, span in zip(pieces.ids[:kept], pieces.offsets, strict=False) if number == self.unk]
        if not spans:
            return []
        if len(spans) == kept:
            return ["the text encoder knows nothing in the prompt: every word is unknown to it; try English words"]
        names = list(dict.fromkeys(last_word(text[start:end]) for start, end in spans))
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        return [f"unknown to the text encoder: {', '.join(map(repr, names[:5]))}{more}"]


def number_of(name: str, engine: tokenizers.Tokenizer) -> int:
    """The number of a special token; raises CheckpointError when the vocabulary lacks it."""
    number = engine.token_to_id(name)
    if number is None:
        raise CheckpointError(
            f"the tokenizer lacks {name}; expected one of the BERT family, with {', '.join(SPECIAL)}, or of CLIP's"
        )
    return number


def readable(prompt: str) -> tuple[str, int]:
    """The prompt without NUL and lone surrogates (pairs are joined), and how many of those there were."""
    joined = prompt.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    broken = joined.count("\ufffd") + joined.count("\0")
    return joined.replace("\ufffd", "").replace("\0", "").strip(), broken


def shorten(text: str) -> str:
    """At most MAX_CHARACTERS of the text, cut between words where it has any."""
    if len(text) <= MAX_CHARACTERS:
        return text
    head = text[:MAX_CHARACTERS]
    return re.sub(r"\s+\S*\Z", "", head) if re.search(r"\s", head) else head


def whole_words(word_ids: list[int | None], room: int) -> int:
    """How many pieces fit in `room` without splitting a word; a single word larger than the room is split."""
    if len(word_ids) <= room:
        return len(word_ids)
    kept = room
    while kept and word_ids[kept] == word_ids[kept - 1]:
        kept -= 1
    return kept or room


def last_word(text: str) -> str:
    """The end of the text back to a space, at most 40 characters of it."""
    return (text.split() or [""])[-1][-40:]


def load_tokenizer(source: str | os.PathLike[str] | bytes) -> Tokenizer:
    """The tokenizer in a tokenizer.json (a path or its bytes). Raises CheckpointError when it cannot be read as one."""
    name = "the tokenizer" if isinstance(source, bytes) else str(source)
    try:
        data = source if isinstance(source, bytes) else Path(source).read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CheckpointError(
            f"{name} cannot be read: {reason}; a model folder must hold it, get the model again"
        ) from error
    try:
        engine = tokenizers.Tokenizer.from_str(data.decode("utf-8"))
    except Exception as error:  # the library raises bare Exception
        raise CheckpointError(
            f"{name} is not a tokenizer.json, or it is damaged: {error}; get the model again"
        ) from error
    return Tokenizer(engine)
