"""Pictures named by their colour, and the same in other colours: what teaches a model "a purple cat".

Captions seldom say a colour, and where they do it is the thing's own. So each picture with a main colour is taken once
more as "{colour} {caption}", keywords likewise, and again in other colours under their names. What a turned picture is
called is measured on it, not assumed: where its main colour is not the one that was meant, it is left out.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sfumato.corpus.colour_names import HUES, NAMES, main_colour
from sfumato.corpus.decode import rgba
from sfumato.corpus.hue_turn import turned
from sfumato.corpus.rebuild import Drawn
from sfumato.corpus.rows import Row, Table
from sfumato.errors import CorpusError

SAID = re.compile(rf"\b({'|'.join(filter(None, NAMES))}|gray|golden|silver|coloured|colored)\b", re.IGNORECASE)
"""A caption or a style with such a word says its colour already."""

FIXED = re.compile(r"\bflags?\b", re.IGNORECASE)
"""Whose colours are what they are: another one in its place would be something else."""


@dataclass(frozen=True, kw_only=True)
class Colouring:
    """turns: how many other colours each coloured picture is shown in. size: of the pictures, in pixels."""

    turns: int = 2
    size: int = 128


def coloured(table: Table, colouring: Colouring, progress: Callable[[int, int], None] | None = None) -> Iterator[Drawn]:
    """The rows that have a main colour, each under its name, followed by its turned copies; splits stay.

    A row that cannot be decoded is passed on with the reason.
    """
    rows = [row for row in table.rows if not any(SAID.search(t) for t in (row.caption, row.style_phrase))]
    rows = [row for row in rows if not FIXED.search(row.caption)]
    for done, (row, data) in enumerate(zip(rows, table.pictures(rows), strict=True)):
        if progress is not None:
            progress(done, len(rows))
        try:
            pixels = rgba(data, colouring.size)
        except CorpusError as error:
            yield Drawn(entries(row, ""), None, str(error))
            continue
        old = main_colour(pixels)
        if not old:
            continue
        yield Drawn(entries(row, old), pixels)
        found = 0
        for new in others(row, old):
            if found == colouring.turns:
                break
            copy = turned(pixels, old, new)
            if main_colour(copy) == new:
                found += 1
                yield Drawn(entries(row, new), copy)


def others(row: Row, old: str) -> list[str]:
    """The other hues in an order that is the row's own; none for brown, black, white and grey."""
    rest = [name for name in HUES if name != old] if old in HUES else []
    return sorted(rest, key=lambda name: hashlib.sha256(f"{row.id} {name}".encode("utf-8", "surrogatepass")).digest())


def entries(row: Row, colour: str) -> dict[str, object]:
    """A row's columns, with the colour before its caption and its keywords."""
    return {
        "id": f"{row.id}+{colour}",
        "caption": f"{colour} {row.caption}",
        "keywords": [f"{colour} {word}" for word in row.keywords if not SAID.search(word)],
        "style": row.style,
        "style_phrase": row.style_phrase,
        "split": row.split,
        "concept": row.concept,
        "family": row.family,
        "license": row.license,
        "source": row.source,
        "author": row.author,
    }
