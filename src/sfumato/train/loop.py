"""The training loop: updates, averages, looks at itself, saves; yields events, touches only its run folder."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import torch
from torch import nn

from sfumato.train.average import PowerAverage
from sfumato.train.events import Event, Finished, HeldOut, Horizon, Saved, Sheet
from sfumato.train.folder import RunFolder
from sfumato.train.meter import Meter
from sfumato.train.moments import load_moments, moments_of, refuse_misfit
from sfumato.train.objective import Moment, Objective
from sfumato.train.optimisers import optimisers, set_rate
from sfumato.train.pace import Decided, Pacing
from sfumato.train.posthoc import snapshot
from sfumato.train.precision import resolve
from sfumato.train.progress import Progress
from sfumato.train.rate import learning_rate
from sfumato.train.recipe import TrainRecipe
from sfumato.train.spread import Alone, Spread
from sfumato.train.state import Checkpoint

Stop = Callable[[], bool]
"""Asked before each update: should the run end here, with a checkpoint?"""


class Trainer:
    """One run in memory: the objective, its optimisers, the average of its weights, and the counters."""

    def __init__(
        self, recipe: TrainRecipe, objective: Objective, progress: Progress, spread: Spread | None = None
    ) -> None:
        self.recipe, self.objective, self.progress = recipe, objective, progress
        self.spread = spread or Alone(objective)
        self.optimisers = optimisers(objective.net, recipe.optimiser, resolve(recipe.precision, self.device))
        self.average = PowerAverage(objective.net, recipe.average.sigma_rel, recipe.average.cap)
        self.pace: Pacing = Decided({})

    def update(self) -> tuple[torch.Tensor, torch.Tensor]:
        """One step: the loss and the gradient's norm before clipping, both still on the device."""
        recipe, p = self.recipe, self.progress
        set_rate(self.optimisers, self.rate())
        self.objective.net.train()
        self.objective.net.zero_grad(set_to_none=True)
        moment = Moment(step=p.step, shown=p.images, count=recipe.optimiser.batch)
        total = self.spread.backward(moment, recipe.optimiser.micro)
        norm = nn.utils.clip_grad_norm_(self.objective.net.parameters(), recipe.optimiser.clip or math.inf)
        for optimiser in self.optimisers:
            optimiser.step()
        p.step, p.images = p.step + 1, p.images + moment.count
        self.average.update(self.objective.net, p.step)
        return total, self.spread.whole(norm)

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return next(self.objective.net.parameters()).device

    @property
    def finished(self) -> bool:
        """Whether the run has reached its horizon."""
        return 0 < self.recipe.rate.images <= self.progress.images

    def rate(self) -> float:
        """The learning rate of the next update."""
        return learning_rate(self.recipe.rate, self.recipe.optimiser.lr, self.progress.images, self.progress.warm_from)

    @torch.no_grad()
    def begin_from(self, weights: Mapping[str, torch.Tensor]) -> None:
        """Take given weights as the start, and as their own average. Raises CheckpointError where they do not fit."""
        weights = self.spread.placed(Checkpoint({"weights": weights}, {})).tensors["weights"]
        refuse_misfit(weights, self.average.weights, "weights")
        self.average.load(dict(weights))
        for name, parameter in self.objective.net.named_parameters():
            parameter.copy_(weights[name])

    def checkpoint(self) -> Checkpoint:
        """Everything that the next update depends on."""
        net = self.objective.net
        return Checkpoint(
            {"weights": net.state_dict(), "average": self.average.weights, "moments": moments_of(net, self.optimisers)},
            {"progress": self.progress.to_dict()},
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Take a checkpoint's place in the run. Raises CheckpointError where it does not fit the recipe's network."""
        load_moments(self.objective.net, self.optimisers, self.average, self.spread.placed(checkpoint))
        self.progress = Progress(**checkpoint.about["progress"])


def train(trainer: Trainer, folder: RunFolder, *, stop: Stop, averaged: nn.Module) -> Iterator[Event]:
    """Update until the recipe's horizon, or until `stop` says so; then save and say Finished.

    `averaged` is a second network that is given the averaged weights wherever the run looks at itself. Every interval
    is counted in images, so what is logged when is the same in one go or in slices.

    Raises:
        RecipeError: the loss is no finite number any more.
    """
    p, watch, team = trainer.progress, trainer.recipe.watch, trainer.spread.team
    meter = Meter(p, trainer.device)
    if team.agree(folder.empty()):
        yield save(trainer, folder)
    while not trainer.finished and not team.agree(stop()):
        before = p.images
        meter.add(*trainer.update())
        yield from paced(trainer)
        tick = meter.tick()
        if tick is not None:
            yield tick
        if crossed(watch.metrics, before, p.images):
            yield meter.metrics(trainer.rate())
        if due(trainer, watch.heldout, before) or due(trainer, watch.sheet, before):
            yield from looked(trainer, folder, averaged, before)
            meter.rest()
            trainer.pace.looked()
        if crossed(watch.snapshot, before, p.images) or (watch.snapshot and trainer.finished):
            average = {name: trainer.spread.whole(w) for name, w in trainer.average.weights.items()}
            folder.keep_average(p.images, snapshot(average, p.step, trainer.recipe.average.sigma_rel))
            meter.rest()
        if crossed(watch.checkpoint, before, p.images):
            meter.read()
            yield save(trainer, folder)
            meter.rest()
            trainer.pace.rest()
    meter.read()
    if team.agree(not folder.has(p.images)):
        yield save(trainer, folder)
    if trainer.finished:
        trainer.average.weights = {name: trainer.spread.whole(w) for name, w in trainer.average.weights.items()}
    yield Finished(images=p.images, complete=trainer.finished)


def crossed(every: int, before: int, after: int) -> bool:
    """Whether a multiple of `every` lies in (before, after]; never where every is 0."""
    return every > 0 and after // every > before // every


def due(trainer: Trainer, every: int, before: int) -> bool:
    """Whether the run is to look at itself: as `crossed` says, and at the end of a run that ends by the clock."""
    last = trainer.recipe.rate.seconds > 0 and trainer.finished and every > 0
    return last or crossed(every, before, trainer.progress.images)


def paced(trainer: Trainer) -> Iterator[Horizon]:
    """Take over what the pace decides of the run's end, and tell of it."""
    p, recipe = trainer.progress, trainer.recipe
    rate = trainer.pace.decide(p, recipe.rate, recipe.optimiser.batch)
    if rate != recipe.rate:
        trainer.recipe = replace(recipe, rate=rate)
        yield Horizon(images=p.images, end=rate.images, cooldown=rate.cooldown, spent=p.spent)


def save(trainer: Trainer, folder: RunFolder) -> Saved:
    """Write a checkpoint into the run's folder."""
    images, keep = trainer.progress.images, trainer.recipe.watch.keep
    path = folder.save(images, trainer.checkpoint(), keep=keep, write=trainer.spread.write)
    return Saved(images=trainer.progress.images, path=path)


def looked(trainer: Trainer, folder: RunFolder, averaged: nn.Module, before: int) -> Iterator[HeldOut | Sheet]:
    """The held-out loss and the sheet of samples of the averaged weights, where their turn has come."""
    images, watch = trainer.progress.images, trainer.recipe.watch
    with trainer.spread.looking(trainer.average.weights, averaged) as net:
        if net is not None and due(trainer, watch.heldout, before):
            yield trainer.objective.held_out(images, net)
        if net is not None and due(trainer, watch.sheet, before):
            yield Sheet(images=images, path=folder.write_sheet(images, trainer.objective.sheet(net)))
