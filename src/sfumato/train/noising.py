"""The noise process of a recipe, built: what is added, what is asked for, and at which levels."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64

from sfumato.choices import choose
from sfumato.clocks import CLOCKS
from sfumato.denoiser import Clock
from sfumato.process.density import Density, density_from
from sfumato.process.parameterisation import parameterisation_from
from sfumato.process.prediction import Parameterisation
from sfumato.process.schedule import Level, Schedule
from sfumato.process.schedules import schedule_from
from sfumato.process.weighting import Weighting, weighting_from
from sfumato.train.recipe import Process


@dataclass(frozen=True, eq=False)
class Noising:
    """Schedule, parameterisation, clock, density of levels and weight of levels."""

    schedule: Schedule
    parameterisation: Parameterisation
    clock: Clock
    density: Density
    weight: Weighting

    @classmethod
    def of(cls, process: Process) -> "Noising":
        """From a recipe's options. Raises RecipeError or ScheduleError for unknown ones."""
        return cls(
            schedule_from(process.schedule),
            parameterisation_from(process.parameterisation),
            choose(CLOCKS, process.clock, "clock"),
            density_from(process.density),
            weighting_from(process.weight),
        )

    def drawn(self, u: Float64[np.ndarray, " b"], device: torch.device) -> Level:
        """The levels that uniform numbers in (0, 1) stand for, each entry [b, 1, 1, 1] in float32 on the device."""
        return on_device(self.density(u, self.schedule), device)

    def everywhere(self, t: float, count: int, device: torch.device) -> Level:
        """One level for a whole batch; a schedule with integer steps takes the nearest one, i = max(1, round(t T))."""
        steps = np.full(count, max(1, round(t * self.schedule.T)))
        return on_device(self.schedule.at(steps), device)


def on_device(level: Level, device: torch.device) -> Level:
    """A batch of levels as tensors [b, 1, 1, 1]; computed in float64, rounded here."""

    def put(values: object) -> torch.Tensor:
        return torch.tensor(np.asarray(values), dtype=torch.float32, device=device).view(-1, 1, 1, 1)

    step = None if level.i is None else put(level.i)
    return Level(put(level.t), put(level.alpha), put(level.sigma), step)  # type: ignore[arg-type]
