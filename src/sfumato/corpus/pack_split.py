"""How a corpus pack holds pictures out: as the corpus says, by hash of the family, or by pairs of attributes."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

from sfumato.choices import near
from sfumato.corpus.held_out import place
from sfumato.corpus.rows import Row
from sfumato.errors import CorpusError, RecipeError

ATTRIBUTES = ("style", "concept", "family", "license", "source", "author")
"""What pairs may be made of."""


@runtime_checkable
class Splitting(Protocol):
    """A way to hold rows out."""

    def __call__(self, rows: Sequence[Row], /) -> list[Row]:
        """The same rows in the same order, with their splits settled."""
        ...

    def describe(self) -> dict[str, Any]:
        """What the manifest says of it."""
        ...


@dataclass(frozen=True)
class Kept:
    """The splits that the rows have."""

    def __call__(self, rows: Sequence[Row], /) -> list[Row]:
        """As they are."""
        return list(rows)

    def describe(self) -> dict[str, Any]:
        """What the manifest says of it."""
        return {"kind": "kept"}


@dataclass(frozen=True, kw_only=True)
class ByFamily:
    """A row is held out where the hash of its family (or of its id, if it has none) lies in the lowest `share`.

    u(family) = SHA-256(family) / 2^256; val where u < share. Adding pictures moves no other one.
    """

    share: float = 0.05

    def __post_init__(self) -> None:
        """Refuse a share that is none."""
        _check_share(self.share)

    def __call__(self, rows: Sequence[Row], /) -> list[Row]:
        """Each row by its own family."""
        return [replace(r, split="val" if place(r.family or r.id) < self.share else "train") for r in rows]

    def describe(self) -> dict[str, Any]:
        """What the manifest says of it."""
        return {"kind": "family", "share": self.share}


@dataclass(frozen=True, kw_only=True)
class ByPairs:
    """Whole pairs of two attributes are held out, such as (family, style): both known, never seen together.

    Pairs are taken in the order of their hash until `share` of the rows is held out. One is passed over if then fewer
    than `others` pairs of its first value, or of its second, would stay in train. Rows that lack either stay in train.
    """

    attributes: tuple[str, str] = ("family", "style")
    share: float = 0.05
    others: int = 2

    def __post_init__(self) -> None:
        """Refuse attributes that rows do not have, and numbers out of range."""
        _check_share(self.share)
        for name in self.attributes:
            if name not in ATTRIBUTES:
                raise RecipeError(f"rows have no attribute {name!r} to make pairs of; {near(name, ATTRIBUTES)}")
        if self.others < 1 or self.attributes[0] == self.attributes[1]:
            raise RecipeError("pairs are of two different attributes, with at least 1 other of each left in train")

    def __call__(self, rows: Sequence[Row], /) -> list[Row]:
        """Raises CorpusError where no pair can be held out."""
        pairs: dict[tuple[str, str], list[int]] = defaultdict(list)
        for k, row in enumerate(rows):
            pair = (getattr(row, self.attributes[0]), getattr(row, self.attributes[1]))
            if all(pair):
                pairs[pair].append(k)
        held = self._held(pairs, self.share * len(rows))
        if not held:
            raise CorpusError(
                f"no pair of {' and '.join(self.attributes)} can be held out with {self.others} others of each left "
                "in train; ask for fewer others, or split by family"
            )
        return [replace(row, split="val" if k in held else "train") for k, row in enumerate(rows)]

    def _held(self, pairs: dict[tuple[str, str], list[int]], wanted: float) -> set[int]:
        left = (Counter(a for a, _ in pairs), Counter(b for _, b in pairs))
        held: set[int] = set()
        for pair in sorted(pairs, key=lambda pair: hashlib.sha256("\0".join(pair).encode()).digest()):
            if len(held) >= wanted:
                break
            if min(left[0][pair[0]], left[1][pair[1]]) <= self.others:
                continue
            left[0][pair[0]] -= 1
            left[1][pair[1]] -= 1
            held.update(pairs[pair])
        return held

    def describe(self) -> dict[str, Any]:
        """What the manifest says of it."""
        return {"kind": "pairs", "attributes": list(self.attributes), "share": self.share, "others": self.others}


def _check_share(share: float) -> None:
    if not 0.0 < share < 1.0:
        raise RecipeError(f"the share held out is {share}; it lies between 0 and 1, both excluded")
