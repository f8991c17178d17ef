"""Which rows are asked for, and which real pictures they are measured with: all in the order of a hash, nothing picked.

A row's prompt has the row's place in that order as its seed, so that the first n rows are the same pictures in every
evaluation of a model, however many are asked for.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Int64

from sfumato.corpus.rows import Row
from sfumato.errors import CorpusError

PARTS = {
    "flags": lambda row: row.style.endswith("-flag") or row.caption.startswith("flag of "),
    "fluent": lambda row: row.style.startswith("fluent-"),
}
"""Reported apart: plain shapes, of which train holds near-identical pictures, and one artist's four styles."""


def hash_order(rows: Sequence[Row]) -> Int64[np.ndarray, " n"]:
    """The places of `rows`, sorted by the SHA-256 of their ids."""
    ids = [row.id.encode("utf-8", "surrogatepass") for row in rows]  # an id may be a file's name, which is any bytes
    return np.array(sorted(range(len(rows)), key=lambda k: hashlib.sha256(ids[k]).hexdigest()), np.int64)


def family_of(row: Row) -> str:
    """The family that a row belongs to; a row without one stands for itself."""
    return row.family or row.id


def pair_of(row: Row) -> tuple[str, str]:
    """The (family, style) pair that a split holds out."""
    return family_of(row), row.style


def floor_of(rows: Sequence[Row], train: Sequence[Row]) -> Int64[np.ndarray, " n"]:
    """For each row a train picture of the same style, a flag for a flag: in hash order, none twice.

    Raises CorpusError where train holds too few of them.
    """
    waiting: dict[tuple[str, bool], list[int]] = defaultdict(list)
    for k in hash_order(train)[::-1]:
        waiting[kind_of(train[k])].append(int(k))
    for kind, wanted in Counter(map(kind_of, rows)).items():
        if len(waiting[kind]) < wanted:
            raise CorpusError(
                f"the style {kind[0]!r} has {wanted} held-out {'flags' if kind[1] else 'pictures'} and fewer in train, "
                f"{len(waiting[kind])}; evaluate fewer with --limit"
            )
    return np.array([waiting[kind_of(row)].pop() for row in rows], np.int64)


def kind_of(row: Row) -> tuple[str, bool]:
    """What a row's stand-in from train has in common with it."""
    return row.style, PARTS["flags"](row)


def styles_of(rows: Sequence[Row]) -> dict[str, Bool[np.ndarray, " n"]]:
    """Which rows each style has, in the order of names."""
    names = np.array([row.style for row in rows])
    return {str(style): names == style for style in np.unique(names)}


def parts_of(rows: Sequence[Row]) -> dict[str, Bool[np.ndarray, " n"]]:
    """Which rows belong to each part that is reported apart, and "rest", those in none; empty ones are left out."""
    found = {name: np.array([belongs(row) for row in rows]) for name, belongs in PARTS.items()}
    found["rest"] = ~np.any(list(found.values()), axis=0)
    return {name: mask for name, mask in found.items() if mask.any() and not mask.all()}
