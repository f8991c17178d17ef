"""What the papers say of which way is better, and whether it holds here: paired, by the same resamples of families."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64
from ways import BEST, CANDIDATES

from sfumato.evaluate.interval import Estimate, interval

Resampled = tuple[Estimate, Float64[np.ndarray, " k"]]
"""KID, and its value in each resample: the same families for every way."""


@dataclass(frozen=True, kw_only=True)
class Ordering:
    """KID of `better` lies below that of `worse`, says `source`."""

    better: str
    worse: str
    source: str


DDIM = "Song, Meng and Ermon 2021, table 1: at 20 steps and fewer"
SOLVER = "Lu et al. 2022, DPM-Solver++, section 7"
PSEUDO = "Liu et al. 2022, table 2"
UNIFIED = "Zhao et al. 2023, UniPC, section 4"
MULTISTEP = "Song et al. 2023, section 3 and table 1"

ORDERINGS = (
    *(Ordering(better=f"ddim-{n}", worse=f"ddpm-{n}", source=DDIM) for n in (4, 8, 16)),
    *(Ordering(better=f"dpmpp-2m-{n}", worse=f"ddim-{n}", source=SOLVER) for n in (8, 16)),
    Ordering(better="unipc-8", worse="dpmpp-2m-8", source=UNIFIED),
    Ordering(better="pndm-16", worse="ddim-16", source=PSEUDO),
    Ordering(better="student-2", worse="student-1", source=MULTISTEP),
    Ordering(better="student-4", worse="student-2", source=MULTISTEP),
)

LIMITS = {"student-4": 1.2, "student-1": 2.0}
"""How many times the KID of the teacher's best the student may have."""


def best_of(found: Mapping[str, Resampled]) -> str | None:
    """The teacher's best way at BEST evaluations; None where none is measured.

    The first of those that are the same to a tenth: DDPM and Euler ancestral take the same steps on the rectified
    schedule, but for rounding.
    """
    there = [name for name in (f"{sampler}-{BEST}" for sampler in CANDIDATES) if name in found]
    return min(there, key=lambda name: round(found[name][0].value, 1), default=None)


def judged(found: Mapping[str, Resampled]) -> list[dict[str, Any]]:
    """Each ordering whose two ways are measured: the difference of KID (below 0 as it should be), and the verdict."""
    out = []
    for rule in ORDERINGS:
        if rule.better in found and rule.worse in found:
            (one, each_one), (other, each_other) = found[rule.better], found[rule.worse]
            gap = interval(one.value - other.value, each_one - each_other)
            entry = {"better": rule.better, "worse": rule.worse, "source": rule.source}
            out.append(entry | {"difference": triple(gap), "verdict": verdict(gap)})
    return out


def verdict(gap: Estimate) -> str:
    """What a difference says of an ordering that expects it below 0."""
    if gap.value < 0.0:
        return "holds" if gap.high < 0.0 else "holds, not surely"
    return "fails" if gap.low > 0.0 else "fails, not surely"


def limits(found: Mapping[str, Resampled]) -> list[dict[str, Any]]:
    """The student's KID over that of the teacher's best, and whether it is within what was asked."""
    best, out = best_of(found), []
    for name, limit in LIMITS.items():
        if best is not None and name in found:
            over = ratio(found[name], found[best])
            entry = {"student": name, "teacher": best, "limit": limit, "ratio": triple(over)}
            out.append(entry | {"verdict": "reached" if over.value <= limit else "missed"})
    return out


def beside_least(found: Mapping[str, Resampled]) -> list[dict[str, Any]]:
    """The student's KID over the least of all the teacher's ways, whatever its evaluations."""
    students = [name for name in found if name.startswith("student-")]
    least = min(found.keys() - students, key=lambda name: round(found[name][0].value, 1), default=None)
    if least is None:
        return []
    return [{"student": n, "teacher": least, "ratio": triple(ratio(found[n], found[least]))} for n in students]


def ratio(one: Resampled, other: Resampled) -> Estimate:
    """One KID over another, paired."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return interval(float(np.float64(one[0].value) / other[0].value), one[1] / other[1])


def triple(estimate: Estimate) -> list[float]:
    """value, low, high, as JSON keeps them."""
    return [round(float(value), 6) for value in (estimate.value, estimate.low, estimate.high)]
