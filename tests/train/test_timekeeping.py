"""What a clock is given to keep for the end of a run, by a clock that a test moves; the plan is told as it is made."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from sfumato.cli.train_budget import planned
from sfumato.errors import RecipeError
from sfumato.train import budget as budgets
from sfumato.train import timekeeping
from sfumato.train.denoiser_task import DenoiserTask
from sfumato.train.material import Place
from sfumato.train.progress import Progress
from sfumato.train.reading import load_recipe, read_toml
from sfumato.train.recipe import Watch
from sfumato.train.timekeeping import LEAVING, SPEED, by_the_clock, look_seconds


class Clock:
    """Goes on as it is told."""

    def __init__(self, now=0.0):
        self.now = now

    def __call__(self):
        return self.now


class Looked:
    """An objective whose looks take so long."""

    def __init__(self, clock, held, drawn):
        self.net, self.clock, self.held, self.drawn = nn.Linear(1000, 1000, bias=False), clock, held, drawn

    def held_out(self, images, net, /):
        self.clock.now += self.held

    def sheet(self, net, /):
        self.clock.now += self.drawn


def test_a_run_keeps_time_for_its_look_and_for_what_is_written_after_it():
    clock = Clock(500.0)
    objective = Looked(clock, held=2.0, drawn=5.0)
    recipe = load_recipe("tiny", ["rate.images=0", "rate.cooldown=0", "rate.seconds=100"])
    trainer = SimpleNamespace(objective=objective, recipe=recipe, progress=Progress(spent=30.0), pace=None)
    by_the_clock(SimpleNamespace(trainer=trainer, averaged=objective.net), began=490.0, clock=clock)
    pace = trainer.pace
    assert (pace.seconds, pace.look) == (100.0, 7.0)
    assert pace.closing == pytest.approx(LEAVING + 20 * 1e6 / SPEED)
    assert pace.started == 490.0 - 30.0, "what earlier slices have used of the budget is gone"
    pace.decide(trainer.progress, recipe.rate, 8)
    assert trainer.progress.spent == pytest.approx(500.0 + 7.0 - 460.0), "the trial was paid from the budget too"


@pytest.mark.parametrize(("rows", "prompts"), [(512, 8), (16, 2)])
def test_a_denoisers_look_is_known_from_a_part_of_it(monkeypatch, rows, prompts):
    """A row takes 0.1 s, a prompt 0.5 s and a step of it 0.25 s, and the very first sheet 9 s more."""
    clock, first = Clock(), [9.0]

    def sheet(task, net, autoencoder, watch):
        assert len(watch.prompts) <= 4
        clock.now += len(watch.prompts) * (0.5 + 0.25 * watch.steps) + (first.pop() if first else 0.0)

    def held_out(task, net, store, chosen, watch, images):
        clock.now += 0.1 * min(watch.heldout_rows, len(store))

    monkeypatch.setattr(timekeeping, "sheet", sheet)
    monkeypatch.setattr(timekeeping, "held_out", held_out)
    task = object.__new__(DenoiserTask)
    task.recipe = SimpleNamespace(watch=Watch(heldout_rows=rows, prompts=("a dot",) * prompts, steps=20))
    task.val, task.autoencoder = (range(300), ()), None
    whole = 0.1 * min(rows, 300) + prompts * (0.5 + 0.25 * 20)
    assert look_seconds(task, nn.Identity(), clock) == pytest.approx(whole)


def test_the_plan_is_told_and_ends_by_the_clock(monkeypatch, capsys, tmp_path):
    def plan(self):
        self.notes.append(f"{self.base['name']}, {self.changes}, from {self.began:g}")
        return self.recipe([f"rate.seconds={self.seconds:g}"])

    monkeypatch.setattr(budgets.Budget, "plan", plan)
    where = Place(device=torch.device("cpu"), data=None, cache=Path(tmp_path), report=lambda *_: None)
    recipe, notes = planned("10min", read_toml("tiny"), ["seed=3"], where, 7.0)
    assert (recipe.rate.seconds, recipe.rate.images, recipe.seed) == (600.0, 0, 3)
    assert notes == ["tiny, ['seed=3'], from 7"]
    told = capsys.readouterr().err
    assert told == ("a budget of 10 min 00 s, from the start of the command:\ntiny, ['seed=3'], from 7\n")
    with pytest.raises(RecipeError, match="for one process"):
        planned("10min", None, [], SimpleNamespace(team=SimpleNamespace(size=2)), 7.0)
