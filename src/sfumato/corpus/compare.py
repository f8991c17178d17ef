"""How a corpus that was drawn anew differs from one that is there: which rows are equal, and how far the others are."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from sfumato.corpus.decode import composited
from sfumato.corpus.opening import opened
from sfumato.corpus.rebuild import Drawn
from sfumato.corpus.rows import read_columns
from sfumato.errors import CorpusError


@dataclass
class Agreement:
    """Rows of one style: those compared, those equal, and the others by id with their PSNR in dB."""

    rows: int = 0
    equal: int = 0
    different: dict[str, float] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)


class Comparison:
    """Rows drawn anew against the pictures of an existing corpus, by id; `styles` fills as rows pass through."""

    def __init__(self, against: Path) -> None:
        columns = read_columns(against, ("id", "image"))
        self._images: Mapping[str, bytes] = dict(zip(columns["id"], columns["image"], strict=True))
        self.styles: dict[str, Agreement] = {}

    def passing(self, drawn: Iterable[Drawn]) -> Iterator[Drawn]:
        """The same rows, each looked at on its way."""
        for one in drawn:
            self._look(one)
            yield one

    def _look(self, one: Drawn) -> None:
        found = self.styles.setdefault(one.row["style"], Agreement())
        name = one.row["id"]
        if one.pixels is None or name not in self._images:
            found.absent.append(name)
            return
        there = np.asarray(opened(self._images[name]).picture.convert("RGBA"))
        found.rows += 1
        if equal(one.pixels, there):
            found.equal += 1
        else:
            found.different[name] = psnr(one.pixels, there)


def equal(a: UInt8[np.ndarray, "h w 4"], b: UInt8[np.ndarray, "h w2 4"]) -> bool:
    """Whether alpha is the same everywhere and colours wherever alpha is not 0 (below that no one sees them)."""
    if a.shape != b.shape:
        return False
    return bool(((a == b) | (a[..., 3:] == 0) & (b[..., 3:] == 0)).all())


def psnr(a: UInt8[np.ndarray, "h w 4"], b: UInt8[np.ndarray, "h2 w2 4"]) -> float:
    """10 log10(255^2 / mean squared difference) in dB, both laid over white; infinite where that is equal.

    Raises CorpusError where the sizes differ.
    """
    if a.shape != b.shape:
        raise CorpusError(f"pictures of {a.shape[1]}x{a.shape[0]} and {b.shape[1]}x{b.shape[0]} cannot be compared")
    error = float(np.mean((composited(a).astype(np.float64) - composited(b)) ** 2))
    return math.inf if error == 0.0 else 10.0 * math.log10(255.0**2 / error)
