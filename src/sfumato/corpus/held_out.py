"""A held-out part for a corpus that names none: pictures that training never sees, chosen by their content.

A picture (or family of pictures) g is held out where SHA-256(g) < SHARE 2^256: its neighbours, its name and the order
of the files make no difference, adding pictures moves none of the others, and copies of a picture stay together.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from sfumato.corpus.rows import Table
from sfumato.corpus.split import half

SHARE = 0.03
LARGE = 20


def with_held_out(table: Table, contents: Sequence[str]) -> Table:
    """The table with about SHARE of its pictures in the split "val"; as it is where the data name splits themselves.

    contents: a hash of each row's picture, "" where it is none. Where chance holds nothing out for the half "tune", the
    picture of that half with the smallest hash is; so too for "report" from LARGE pictures on. One stays for training.
    """
    if table.named:
        return table
    groups = [content and (row.family or content) for row, content in zip(table.rows, contents, strict=True)]
    out = held_out(set(groups) - {""})
    rows = tuple(
        replace(row, split="val", family=group) if group in out else row
        for row, group in zip(table.rows, groups, strict=True)
    )
    return replace(table, rows=rows)


def held_out(groups: set[str]) -> set[str]:
    """The groups that are held out."""
    count = len(groups)
    order = sorted(groups, key=place)[: count - 1]
    out = {group for group in order if place(group) < SHARE}
    for wanted in ("tune", "report")[: 2 if count >= LARGE else 1]:
        if not any(half(group) == wanted for group in out):
            out |= set([group for group in order if half(group) == wanted][:1])
    return out or set(order[:1])


def place(group: str) -> float:
    """SHA-256(g) / 2^256, in [0, 1)."""
    return int.from_bytes(hashlib.sha256(group.encode("utf-8", "surrogatepass")).digest(), "big") / 2**256
