"""The schedules Sfumato knows, by kind."""

from collections.abc import Mapping
from typing import Any

from sfumato.process.exploding import EDM, VE
from sfumato.process.rectified import Rectified
from sfumato.process.registry import Registry
from sfumato.process.schedule import Schedule
from sfumato.process.sigmoid import Sigmoid
from sfumato.process.tabulated import Cosine, Linear, ScaledLinear, Tabulated

__all__ = [
    "EDM",
    "SCHEDULES",
    "VE",
    "Cosine",
    "Linear",
    "Rectified",
    "ScaledLinear",
    "Sigmoid",
    "Tabulated",
    "schedule_from",
    "schedule_to",
]

SCHEDULES = Registry(
    "schedule", {cls.kind: cls for cls in (Tabulated, Linear, ScaledLinear, Cosine, Sigmoid, Rectified, EDM, VE)}
)


def schedule_from(options: Mapping[str, Any]) -> Schedule:
    """The schedule that `options` describe: {"kind": "rectified"}. Raises ScheduleError, naming the near ones."""
    return SCHEDULES.build(options)


def schedule_to(schedule: Schedule) -> dict[str, Any]:
    """The options of a schedule, ready for JSON; schedule_from makes it again."""
    return SCHEDULES.describe(schedule)
