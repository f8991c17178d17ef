"""Keywords that are kept from training, so that "does it understand another word for it" can be asked of new words."""

import hashlib
from dataclasses import replace

from sfumato.corpus.rows import Row

KEPT_BACK = 26
"""Of 256 values of a hash's first byte: about a tenth of all keywords."""


def kept_back(word: str) -> bool:
    """Whether a keyword is never a prompt in training: the first byte of the SHA-256 of its lower case says so."""
    return hashlib.sha256(word.lower().encode()).digest()[0] < KEPT_BACK


def without_kept_back(row: Row) -> Row:
    """The row with the keywords that training may use."""
    return replace(row, keywords=tuple(word for word in row.keywords if not kept_back(word)))


def paraphrases(row: Row) -> tuple[str, ...]:
    """The row's kept keywords that say something new: of letters, three at least, and no word of its caption."""
    words = row.caption.lower().replace("-", " ").split()
    return tuple(
        word
        for word in row.keywords
        if kept_back(word) and word.isalpha() and len(word) > 2 and not any(same(word.lower(), w) for w in words)
    )


def same(word: str, other: str) -> bool:
    """Whether one of two words begins with the other, plurals and the like: nothing new then."""
    return word.startswith(other) or other.startswith(word)
