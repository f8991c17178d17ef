"""Byte-pair encoding as CLIP writes it: lower case, bytes underneath, "</w>" at the end of each word.

Sennrich et al. 2016 (arXiv:1508.07909) over bytes (Radford et al. 2019): every byte is a token, alone and at the end of
a word, so no text has an unknown part. Words are runs of letters, single digits, runs of other signs, and the English
clitics, as in CLIP's tokenizer.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import tokenizers
from tokenizers import Regex
from tokenizers.models import BPE
from tokenizers.normalizers import NFC, Lowercase, Replace
from tokenizers.normalizers import Sequence as Normalizers
from tokenizers.pre_tokenizers import ByteLevel, Split
from tokenizers.pre_tokenizers import Sequence as PreTokenizers
from tokenizers.trainers import BpeTrainer

from sfumato.errors import CheckpointError, RecipeError

START, END = "<|startoftext|>", "<|endoftext|>"
SUFFIX = "</w>"
WORD = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
SMALLEST = 2 + 2 * 256
"""The vocabulary without any merge."""


def bytepair(vocabulary: Mapping[str, int], merges: Sequence[tuple[str, str]]) -> bytes:
    """The tokenizer.json of a vocabulary with its merges in their order. Raises CheckpointError where they clash."""
    try:
        model = BPE(
            dict(vocabulary), list(merges), unk_token=END, end_of_word_suffix=SUFFIX, continuing_subword_prefix=""
        )
    except Exception as error:  # the library raises bare Exception
        raise CheckpointError(
            f"the vocabulary and the merges of the tokenizer do not fit each other: {error}"
        ) from error
    engine = prepared(model)
    engine.add_special_tokens([START, END])
    return engine.to_str().encode()


def prepared(model: BPE) -> tokenizers.Tokenizer:
    """A tokenizer that normalises and splits as CLIP's does."""
    engine = tokenizers.Tokenizer(model)
    engine.normalizer = Normalizers([NFC(), Replace(Regex(r"\s+"), " "), Lowercase()])  # type: ignore[assignment]
    split = Split(Regex(WORD), behavior="removed", invert=True)
    engine.pre_tokenizer = PreTokenizers([split, ByteLevel(add_prefix_space=False)])  # type: ignore[assignment]
    return engine


def learn(texts: Iterable[str], size: int) -> bytes:
    """The tokenizer.json of at most `size` tokens whose merges are the commonest pairs in `texts`, each counted once.

    A pair must come twice. Depends on the set of texts alone: not on their order, and ties fall to the pair of lower
    numbers, for which the bytes are numbered beforehand (the library would number them in the order of a hash table).
    Raises RecipeError where `size` does not even hold the bytes.
    """
    if size < SMALLEST:
        raise RecipeError(f"a vocabulary of {size} tokens; every byte must be in it: give at least {SMALLEST}")
    alphabet = sorted(ByteLevel.alphabet())
    names = [START, END, *alphabet, *(letter + SUFFIX for letter in alphabet)]
    engine = prepared(BPE(end_of_word_suffix=SUFFIX))
    trainer = BpeTrainer(
        vocab_size=size, min_frequency=2, special_tokens=names, end_of_word_suffix=SUFFIX, show_progress=False
    )
    engine.train_from_iterator(sorted(set(texts)), trainer)
    merges = [tuple(pair) for pair in json.loads(engine.to_str())["model"]["merges"]]
    names += [left + right for left, right in merges]
    return bytepair({name: k for k, name in enumerate(dict.fromkeys(names))}, merges)


def read_bytepair(folder: Path) -> bytes:
    """The tokenizer.json for a folder's vocab.json and merges.txt, or rebuilt from what its own tokenizer.json holds.

    Raises CheckpointError where they are unusable.
    """
    try:
        if (folder / "vocab.json").is_file():
            vocabulary = json.loads((folder / "vocab.json").read_text("utf-8"))
            lines: Sequence[Any] = (folder / "merges.txt").read_text("utf-8").splitlines()
        else:
            model = json.loads((folder / "tokenizer.json").read_text("utf-8"))["model"]
            vocabulary, lines = model["vocab"], model["merges"]
        merges = [
            tuple(line.split() if isinstance(line, str) else line)
            for line in lines
            if line and not (isinstance(line, str) and line.startswith("#version"))
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"{folder} needs a readable vocab.json with merges.txt, or a tokenizer.json: {error}; get it again"
        ) from error
    if not isinstance(vocabulary, dict) or not {START, END} <= set(vocabulary) or any(len(m) != 2 for m in merges):
        raise CheckpointError(
            f"{folder} holds no tokenizer of the CLIP family: expected a table with {START} and {END} in vocab.json, "
            "and two pieces a line in merges.txt"
        )
    return bytepair(vocabulary, merges)  # type: ignore[arg-type]
