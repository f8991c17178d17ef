"""How near is too near: the distances of real held-out pictures from train pictures, and the rule made of them."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from jaxtyping import Float64

PERCENT = 100


@dataclass(frozen=True, kw_only=True)
class Ruler:
    """Distances in grey levels that 0, 1, ..., 100 % of real pictures do not pass (evaluate/copies.py measures them).

    name: of the corpus. held_out: how many real pictures; train: among how many their nearest was looked for, pictures
    of their own (family, style) pair left out.
    """

    name: str
    held_out: int
    train: int
    distances: tuple[float, ...]

    @property
    def threshold(self) -> float:
        """1 % of real pictures lie below it, by its making: what lies below is called copied."""
        return self.distances[1]

    def nearer(self, distance: float) -> float:
        """The percentage of real pictures that are as near as that or nearer, in 0..100."""
        return float(np.interp(distance, self.distances, np.arange(PERCENT + 1)))


def ruler_of(name: str, distances: Float64[np.ndarray, " n"], train: int) -> Ruler:
    """The ruler that so many distances of real pictures make."""
    levels = np.percentile(distances, np.arange(PERCENT + 1))
    return Ruler(name=name, held_out=len(distances), train=train, distances=tuple(map(float, levels)))


@cache
def shipped_ruler() -> Ruler:
    """The one of Glyphs v1, for a studio without a corpus; scripts/studio_ruler.py measured it."""
    found = json.loads((files("sfumato.studio") / "ruler.json").read_text("utf-8"))
    return Ruler(**found | {"distances": tuple(found["distances"])})
