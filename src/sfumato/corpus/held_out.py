"""A held-out part for a corpus that names none: pictures that training never sees, chosen by their content.

A picture (or family of pictures) g is held out where SHA-256(g) < SHARE 2^256: its neighbours, its name and the order
of the files make no difference, adding pictures moves none of the others, and copies of a picture stay together.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from sfumato.corpus.rows import Row, Table
from sfumato.corpus.split import half

SHARE = 0.03


def with_held_out(table: Table, contents: Sequence[str]) -> Table:
    """The table with about SHARE of its pictures in the split "val"; as it is where the data name splits themselves.

    contents: a hash of each row's picture, "" where it is none. Where chance holds none out, the picture with the
    smallest hash is, from the half "tune" if there is one there; a single picture stays for training.
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
    places = {group: int.from_bytes(hashlib.sha256(group.encode()).digest(), "big") / 2**256 for group in groups}
    out = {group for group, place in places.items() if place < SHARE}
    if not out and len(groups) > 1:
        out = {min(groups, key=lambda group: (half(group) != "tune", places[group]))}
    return out


def count_held_out(rows: Sequence[Row]) -> int:
    """The rows that are not for training."""
    return sum(row.split != "train" for row in rows)
