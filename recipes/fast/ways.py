"""The ways to a picture that the curve compares: which sampler, and how many evaluations it may have."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sfumato.process.grid import GRIDS
from sfumato.process.prediction import Prediction
from sfumato.process.schedule import Level, Schedule
from sfumato.rng import PerSample
from sfumato.samplers import SAMPLERS, sampler_from

STUDENT = "consistency"
"""The sampler of the student; all others are the teacher's."""

ASKED: dict[str, tuple[int, ...]] = {
    "ddpm": (4, 8, 16, 32),
    "ddim": (4, 8, 16, 32),
    "dpmpp-2m": (4, 8, 16, 32),
    "heun": (8, 32),
    "unipc": (8, 32),
    "pndm": (16, 32),
    STUDENT: (1, 2, 4),
}
"""Evaluations by sampler."""

BEST = 50
CANDIDATES = ("ddpm", "ddim", "dpmpp-2m", "unipc", "heun", "euler-ancestral", "dpmpp-2m-sde")
"""The teacher's best: the least KID of these at so many evaluations."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """A sampler that may ask the model `asked` times for a picture."""

    sampler: str
    asked: int

    @property
    def name(self) -> str:
        """ddim-8, student-2."""
        return f"{'student' if self.student else self.sampler}-{self.asked}"

    @property
    def student(self) -> bool:
        """Whether the student draws, rather than the teacher."""
        return self.sampler == STUDENT


def ways() -> list[Way]:
    """All of them: first the student's, then those of few evaluations, the teacher's best last."""
    listed = [Way(sampler=sampler, asked=n) for sampler, asked in ASKED.items() for n in asked]
    listed += [Way(sampler=sampler, asked=BEST) for sampler in CANDIDATES]
    return sorted(listed, key=lambda way: (not way.student, way.asked))


def asked_at(sampler: str, levels: Sequence[Level]) -> list[Level]:
    """Where a sampler asks on the way through `levels`, seen on a model that believes in nothing."""
    asked: list[Level] = []

    def denoise(x: Any, level: Level, /) -> Prediction:
        asked.append(level)
        return Prediction.from_x0(x, level, 0.0 * x)

    list(sampler_from({"kind": sampler})(denoise, np.ones((1, 1, 1, 1)), levels, PerSample((0,))))
    return asked


def steps_for(way: Way, schedule: Schedule, grid: str) -> tuple[int, int]:
    """The most steps whose evaluations are at most what is asked, and how many those are."""
    assert way.sampler in SAMPLERS
    found = (1, 1)
    for steps in range(1, way.asked + 1):
        count = len(asked_at(way.sampler, tuple(GRIDS[grid](schedule, steps))))
        if count <= way.asked:
            found = (steps, count)
    return found
