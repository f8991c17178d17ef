"""Which rows belong to which part of a corpus: train, val, and the two halves of val.

Choices are made on `tune`, numbers are published on `report`; neither is ever trained on. A whole family falls into one
half, by its name's hash, so that no half holds a skin tone or a gender of a picture in the other.
"""

import hashlib
from typing import Literal, get_args

from sfumato.corpus.rows import Row

Split = Literal["train", "val", "tune", "report"]
SPLITS: tuple[Split, ...] = get_args(Split)


def half(family: str) -> Literal["tune", "report"]:
    """The half of val that a family belongs to: the last bit of the SHA-256 of its name."""
    return "report" if hashlib.sha256(family.encode("utf-8", "surrogatepass")).digest()[-1] & 1 else "tune"


def belongs(row: Row, split: str) -> bool:
    """Whether a row is in `split`; a row without a family stands for itself, by its id."""
    if split in ("tune", "report"):
        return row.split == "val" and half(row.family or row.id) == split
    return row.split == split
