"""A network in training for few steps, over stores of pictures: consistency distillation, training, and MeanFlow."""

import contextlib
from abc import abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from math import isfinite
from threading import Lock
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from sfumato import rng
from sfumato.choices import describe
from sfumato.conditioner import Conditioning
from sfumato.denoiser import NetworkDenoiser
from sfumato.errors import ScheduleError
from sfumato.guidance import GUIDANCES, ClassifierFree, Embedded, Guidance
from sfumato.process.consistency import refuse_unfit
from sfumato.process.discretisation import Growth, by_density, cut, evenly, gathered, nearest, target_decay
from sfumato.process.grid import GRIDS
from sfumato.process.schedule import Level
from sfumato.samplers.consistency import Consistency
from sfumato.train.chance import seeded_dropout
from sfumato.train.consistency import Believe, Pair
from sfumato.train.consistency_recipe import ConsistencyOptions
from sfumato.train.denoiser_task import DenoiserTask
from sfumato.train.events import HeldOut
from sfumato.train.guided import GuidedTeacher
from sfumato.train.looking import Precise, Way, held_out, sheet
from sfumato.train.noising import Noising, on_device
from sfumato.train.objective import Moment
from sfumato.train.own_starts import own_pictures
from sfumato.train.perceptual import NOISED, Look
from sfumato.train.target import WithTarget, student_of

Chance = Callable[[], AbstractContextManager[None]]
"""What an evaluation of the network runs inside: the same dropout for all of one update."""


@dataclass(frozen=True, eq=False)
class Noised:
    """One part of an update: pictures, noise, levels, prompts, the guidance each is told, how ends are looked at."""

    x_0: Tensor
    eps: Tensor
    pair: Pair
    cond: Conditioning
    scale: Float[Tensor, " b"]
    look: Look | None = None

    @property
    def x_t(self) -> Tensor:
        """The noisy state at the noisier level."""
        return self.pair.here.alpha * self.x_0 + self.pair.here.sigma * self.eps


class ConsistencyTask(DenoiserTask):
    """What the methods share; each says how far its network is from where it should be."""

    def __init__(
        self, net: nn.Module, *, options: ConsistencyOptions, teacher: GuidedTeacher | None, horizon: int, **parts: Any
    ) -> None:
        super().__init__(net, **parts)
        self.options, self.teacher, self.horizon = options, teacher, horizon
        self.growth = Growth(first=options.first, last=options.last)
        self.finest = cut(self.noising.schedule, options.grid, options.last, options.t_min)
        refuse_unfit(self.noising.parameterisation, self.finest)
        refuse_untold(self.noising, self.finest)
        self._followed: int | None = None
        self._following = Lock()

    @abstractmethod
    def errors_of(self, net: nn.Module, noised: Noised, chance: Chance) -> Float[Tensor, " b"]:
        """The loss of each sample."""

    def loss(self, moment: Moment, part: slice, /) -> Tensor:
        """The mean loss over one part of this moment's pictures."""
        self.follow(moment)
        x_0, prompts, u = self.batch(moment, part)
        eps = self.noise((moment.count, *x_0.shape[1:]), stream=rng.TRAIN_NOISE, step=moment.step)[part]
        more = rng.uniform(self.seed, (3, moment.count), stream=rng.TRAIN_LEVEL, step=moment.step, draw=1)[:, part]
        low, high = self.options.guidance
        scale = torch.tensor(low + (high - low) * more[0], dtype=torch.float32, device=self.device)
        noised = Noised(x_0, eps, self.drawn(u, more[1:], moment), self.encode(prompts), scale)

        def chance() -> AbstractContextManager[None]:
            dropout = seeded_dropout(self.seed, moment.step, self.device, draw=part.start or 0)
            return dropout if self.drops else contextlib.nullcontext()

        if self.options.own > 0.0 and self.options.method == "distillation":
            noised = replace(noised, x_0=self.own_pictures(noised, moment, part, chance))
        if self.options.perceptual > 0.0:
            noised = replace(noised, look=self.look(x_0, moment, part))
        return self.errors_of(self.net, noised, chance).mean()

    def own_pictures(self, noised: Noised, moment: Moment, part: slice, chance: Chance) -> Tensor:
        """The pictures to be noised: the student's own in the place of the share `own` (own_starts.py).

        Their first noise is the draw that the latent's own spread has (Denoising.draw), which goes with the latent.
        """
        shape = (moment.count, *noised.x_0.shape[1:])
        u = rng.uniform(self.seed, (moment.count,), stream=rng.TRAIN_LEVEL, step=moment.step, draw=2)[part]

        def student(cond: Conditioning) -> Believe:
            return self.belief(student_of(self.net), cond, chance)

        def noise(k: int) -> Tensor:
            return self.noise(shape, stream=rng.TRAIN_NOISE, step=moment.step, draw=k + 1)[part]

        levels = GRIDS[self.grid](self.noising.schedule, self.options.steps)[:-1]
        own = torch.from_numpy(u < self.options.own).to(self.device)
        return own_pictures(student, noised.x_0, noised.pair.here, self.told(noised), levels, noise, own)

    def look(self, x_0: Tensor, moment: Moment, part: slice) -> Look:
        """Fresh noise and levels for what the teacher's eyes compare; the draws before are those of own_pictures."""
        low, high = NOISED
        u = rng.uniform(self.seed, (moment.count,), stream=rng.TRAIN_LEVEL, step=moment.step, draw=3)[part]
        level = on_device(self.noising.schedule(low + (high - low) * u), self.device)
        shape = (moment.count, *x_0.shape[1:])
        draw = self.options.steps + 1
        return Look(level, self.noise(shape, stream=rng.TRAIN_NOISE, step=moment.step, draw=draw)[part])

    def errors(self, net: nn.Module, x_0: Tensor, eps: Tensor, level: Level, cond: Conditioning) -> Tensor:
        """The loss of each sample at the pair of the finest levels nearest to `level`, for the sheet's guidance.

        The network is its own target here.
        """
        t = torch.as_tensor(level.t).flatten().cpu().numpy()
        pair = self.pair(self.finest, nearest(t, self.finest))
        noised = Noised(x_0, eps, pair, cond, self.sheet_scale(len(x_0)))
        return self.errors_of(student_of(net), noised, contextlib.nullcontext)

    def held_out(self, images: int, net: nn.Module, /) -> HeldOut:
        """The loss of other weights by noise level; what another caption costs is no question here, and not asked."""
        return held_out(self, net, *self.val, self.recipe.watch, images, others=None)

    def sheet(self, net: nn.Module, /) -> UInt8[np.ndarray, "H W 3"]:
        """The recipe's prompts drawn in watch.steps evaluations."""
        way = Way(Consistency(), self.guidance, self.grid)
        return sheet(self, student_of(net), self.autoencoder, self.recipe.watch, way)

    def defaults(self) -> dict[str, Any]:
        """The most evaluations that it is made for, and guidance as it was learnt."""
        guidance = describe(GUIDANCES, self.guidance)
        sampler = {"kind": Consistency.kind}
        return {"steps": self.options.steps, "sampler": sampler, "grid": self.grid, "guidance": guidance}

    def about(self) -> dict[str, Any]:
        """How few steps came about; what was recorded of the teacher is added by the card's history."""
        options = self.options
        guided = {} if self.teacher is None else {"guidance": list(options.guidance)}
        return {"few_steps": {"method": options.method, "most": options.steps, **guided}}

    def drawn(self, u: np.ndarray, more: np.ndarray, moment: Moment) -> Pair:
        """The levels that uniform numbers in (0, 1) stand for, cut as finely as the run has come to."""
        levels = cut(self.noising.schedule, self.options.grid, self.intervals(moment.shown), self.options.t_min)
        if self.options.pick == "evenly":
            return self.pair(levels, evenly(u, len(levels) - 1))
        return self.pair(levels, by_density(u, levels, self.noising.density, self.noising.schedule))

    def pair(self, levels: tuple[Level, ...], k: np.ndarray) -> Pair:
        """Interval k of each sample, on the device."""
        here, there = (on_device(gathered(levels, at), self.device) for at in (k, k + 1))
        return Pair(here, there, levels[-1])

    def intervals(self, images: int) -> int:
        """How many intervals a trajectory is cut into after so many pictures."""
        share = min(images / self.horizon, 1.0) if self.horizon else 0.0
        return self.growth.rising(share) if self.options.growth == "rising" else self.growth.doubling(share)

    def follow(self, moment: Moment) -> None:
        """Move the target once before each update, whichever thread comes first; the others wait."""
        with self._following:
            if isinstance(self.net, WithTarget) and self._followed != moment.step:
                mu, n = self.options.target, self.intervals(moment.shown)
                self.net.follow(mu if self.growth.first == self.growth.last else target_decay(self.growth, n, mu))
                self._followed = moment.step

    def belief(self, net: nn.Module, cond: Conditioning, chance: Chance) -> Believe:
        """A network with its prompt bound."""
        precise = Precise(net, self.dtype, self.device)
        denoiser = NetworkDenoiser(precise, self.noising.parameterisation, self.noising.clock)

        def believe(x: Tensor, level: Level) -> Any:
            with chance():
                return denoiser(x, level, cond)

        return believe

    def told(self, noised: Noised, *further: Tensor) -> Conditioning:
        """The prompts with the dials set: w - 1 (0 where no teacher guides), then `further` ones [b, 1]."""
        guided = (noised.scale - 1.0)[:, None] * float(self.teacher is not None)
        return replace(noised.cond, dials=torch.cat([guided, *further], dim=1))

    def sheet_scale(self, count: int) -> Float[Tensor, " b"]:
        """The sheet's guidance, inside the range that is learnt."""
        low, high = self.options.guidance
        scale = min(max(self.recipe.watch.guidance, low), high) if self.teacher is not None else 1.0
        return torch.full((count,), scale, device=self.device)

    @property
    def guidance(self) -> Guidance:
        """The dial at the sheet's guidance; the plain prompt where nobody guided."""
        if self.teacher is None:
            return ClassifierFree(scale=1.0)
        return Embedded(scale=float(self.sheet_scale(1)), range=self.options.guidance)

    @property
    def grid(self) -> str:
        """The grid of the levels that it is asked at: the training's own, if it goes from pure noise to the picture.

        One that ends above it ("karras" with t_min) would spend its last evaluation where nothing is left to do.
        """
        return self.options.grid if self.finest[0].t == 1.0 and self.options.t_min == 0.0 else "trailing"


def refuse_untold(noising: Noising, levels: tuple[Level, ...]) -> None:
    """Raise ScheduleError where the clock has no number for a level that the network is asked at."""
    for level in levels:
        if not isfinite(told := noising.clock(level)):  # type: ignore[arg-type]
            raise ScheduleError(
                f"the network's clock is {told} at t = {level.t:g}, which says nothing: set consistency.grid to "
                f"'karras' and consistency.t_min to {1 / noising.schedule.T:g}, its last level, as `sfumato distill` "
                "does for such a clock"
            )
