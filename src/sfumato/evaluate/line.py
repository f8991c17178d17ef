"""One line of an evaluation: a measure of the made pictures beside the same measure of real ones."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Float64

from sfumato.evaluate.interval import Estimate, interval

FEW = 10
Against = Literal["difference", "share"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`made` and `real` with their intervals, and how they compare: made - real, or made / real.

    lower: whether less is better; None where neither is. pictures, families: what the number rests on; with fewer than
    ten families intervals say too little about themselves, so there are none, and no verdict.
    """

    measure: str
    part: str = "all"
    pictures: int
    families: int
    made: Estimate
    real: Estimate | None = None
    against: Estimate | None = None
    kind: Against = "difference"
    lower: bool | None = True

    @property
    def verdict(self) -> str:
        """worse or better than real pictures; nothing where the interval of the comparison leaves it open."""
        open_ended = self.against is None or math.isnan(self.against.low) or self.families < FEW
        if self.lower is None or self.against is None or open_ended:
            return ""
        equal = 0.0 if self.kind == "difference" else 1.0
        if self.against.spans(equal):
            return ""
        return "worse" if (self.against.low > equal) == self.lower else "better"

    def to_dict(self) -> dict[str, Any]:
        """In the types of JSON; a number that does not exist is null."""
        entries: dict[str, Any] = {"measure": self.measure, "part": self.part}
        entries |= {"pictures": self.pictures, "families": self.families}
        for name, estimate in (("made", self.made), ("real", self.real), (self.kind, self.against)):
            entries[name] = listed(estimate, bare=self.families < FEW)
        return entries | {"lower_is_better": self.lower, "verdict": self.verdict or None}


def listed(estimate: Estimate | None, *, bare: bool) -> list[float | None] | None:
    """[value, low, high]; bare: without the interval."""
    if estimate is None:
        return None
    ends = (math.nan, math.nan) if bare else (estimate.low, estimate.high)
    return [v if math.isfinite(v) else None for v in (estimate.value, *ends)]


def difference(
    over: Estimate, each_over: Float64[np.ndarray, " k"], under: Estimate, each_under: Float64[np.ndarray, " k"]
) -> Estimate:
    """over - under, from the values of both in the same resamples."""
    return interval(over.value - under.value, each_over - each_under)
