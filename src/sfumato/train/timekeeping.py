"""A run is given its clock: how long its last look will take is measured, what is written after it is estimated."""

import time
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import nn

from sfumato.train.denoiser_task import DenoiserTask
from sfumato.train.looking import held_out, sheet
from sfumato.train.objective import Objective
from sfumato.train.pace import Pace
from sfumato.train.session import Session

TRIED = 32
"""Held-out rows that a look is tried with."""
SPEED = 100e6
"""Bytes a second in which a checkpoint and a model are hashed and written, on a slow disk."""
LEAVING = 1.5
"""Seconds for the rest: the process itself ends too."""


def by_the_clock(session: Session, began: float, clock: Callable[[], float] = time.monotonic) -> None:
    """Let a session whose recipe has `rate.seconds` end so long after `began`, less what earlier slices have used."""
    trainer = session.trainer
    size = sum(p.numel() for p in trainer.objective.net.parameters())
    trainer.pace = Pace(
        trainer.recipe.rate.seconds,
        started=began - trainer.progress.spent,
        look=look_seconds(trainer.objective, session.averaged, clock),
        closing=LEAVING + 20 * size / SPEED,
        clock=clock,
    )


def look_seconds(objective: Objective, averaged: nn.Module, clock: Callable[[], float]) -> float:
    """How long a look takes: a denoiser's from a part of it, any other (few steps among them) by looking."""
    if type(objective) is not DenoiserTask:
        return seconds_of(lambda: (objective.held_out(0, averaged.eval()), objective.sheet(averaged)), clock)
    return of_a_denoiser(objective, averaged.eval(), clock)


def of_a_denoiser(task: DenoiserTask, net: nn.Module, clock: Callable[[], float]) -> float:
    """From TRIED rows, and from a few prompts drawn in one and in three steps; the first try is the slow first time."""
    watch = task.recipe.watch
    few = replace(watch, heldout_rows=min(TRIED, watch.heldout_rows), prompts=watch.prompts[:4])

    def drawing(steps: int) -> float:
        return seconds_of(lambda: sheet(task, net, task.autoencoder, replace(few, steps=steps)), clock)

    _, once, thrice = drawing(1), drawing(1), drawing(3)
    step = max(0.0, thrice - once) / 2
    held = seconds_of(lambda: held_out(task, net, *task.val, few, 0), clock)
    rows, prompts = min(watch.heldout_rows, len(task.val[0])), len(watch.prompts) / max(1, len(few.prompts))
    return held * max(1.0, rows / TRIED) + prompts * (once + step * (watch.steps - 1))


def seconds_of(work: Callable[[], object], clock: Callable[[], float]) -> float:
    """How long it takes."""
    began = clock()
    with torch.no_grad():
        work()
    return clock() - began
