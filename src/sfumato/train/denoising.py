"""The denoiser's objective: guess what the parameterisation asks for at a random noise level.

loss = E_{x_0, c, t, eps} w(t) |net(c_in x_t, clock(t), c) - target(x_0, eps, t)|^2 / d,  x_t = alpha x_0 + sigma eps
(Ho et al. 2020, eq. 14, with any parameterisation and density of t). The prompt is dropped with a small probability, so
that one network learns both beliefs of classifier-free guidance (Ho and Salimans 2022).
"""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor, nn

from sfumato import rng
from sfumato.conditioner import Conditioning
from sfumato.corpus.prompt import Prompting, training_prompt
from sfumato.corpus.rows import Row
from sfumato.process.schedule import Level
from sfumato.train.augment import CHANCES, augmented
from sfumato.train.chance import StepNoise, seeded_dropout
from sfumato.train.noising import Noising
from sfumato.train.objective import Moment
from sfumato.train.order import DROP, FLIP, KEYWORD, Order
from sfumato.train.precision import autocast
from sfumato.train.store import Store

SIDES = ("left", "right", "clockwise", "arrow")
"""Captions with these words are never mirrored."""
ALL = slice(None)


@runtime_checkable
class BatchConditioner(Protocol):
    """A text encoder that takes a whole batch at once."""

    def encode_batch(self, prompts: Sequence[str], /) -> Conditioning:
        """Token states of all prompts, with no gradient."""
        ...


class Denoising:
    """Objective over stores of latents or pixels with their captions."""

    def __init__(
        self,
        net: nn.Module,
        *,
        noising: Noising,
        conditioner: BatchConditioner,
        stores: Sequence[Store],
        rows: Sequence[Sequence[Row]],
        order: Order,
        prompting: Prompting,
        flip: float,
        seed: int,
        device: torch.device,
        dtype: torch.dtype,
        augment: float = 0.0,
    ) -> None:
        self.net, self.noising, self.conditioner = net, noising, conditioner
        self.stores, self.rows, self.order = stores, rows, order
        self.prompting, self.flip, self.seed = prompting, flip, seed
        self.device, self.dtype, self.augment = device, dtype, augment
        self.noise = StepNoise(seed, device)
        self.drops = any(isinstance(m, nn.Dropout) and m.p > 0 for m in net.modules())

    @property
    def splits(self) -> bool:
        """See Objective: not with dropout, whose generator is one for all threads."""
        return not self.drops

    def loss(self, moment: Moment, part: slice, /) -> Tensor:
        """The mean weighted squared error over one part of this moment's pictures."""
        x_0, prompts, u = self.batch(moment, part)
        cond, level = self.encode(prompts), self.noising.drawn(u, self.device)
        if self.augment > 0:
            chance = rng.uniform(self.seed, (moment.count, CHANCES), stream=rng.AUGMENT, step=moment.step, draw=1)
            x_0, dials = augmented(x_0, chance[part], self.augment)
            cond = replace(cond, dials=dials)
        eps = self.noise((moment.count, *x_0.shape[1:]), stream=rng.TRAIN_NOISE, step=moment.step)[part]
        dropout = seeded_dropout(self.seed, moment.step, self.device, draw=part.start or 0)
        with dropout if self.drops else contextlib.nullcontext():
            error = self.errors(self.net, x_0, eps, level, cond)
        return error.mean()

    def errors(self, net: nn.Module, x_0: Tensor, eps: Tensor, level: Level, cond: Conditioning) -> Tensor:
        """The weighted squared error of each sample, averaged over its elements, [b] in float32."""
        x_t = level.alpha * x_0 + level.sigma * eps
        target = self.noising.parameterisation.target(x_0, eps, level)
        x_in = (self.noising.parameterisation.scale_in(level) * x_t).contiguous(memory_format=torch.channels_last)
        clock = torch.as_tensor(self.noising.clock(level)).flatten()
        dials = () if cond.dials is None else (cond.dials,)
        with autocast(self.dtype, self.device):
            output = net(x_in, clock, cond.tokens, cond.mask, cond.pooled, *dials)
        squared = (output.float() - target).square().mean(dim=(1, 2, 3))
        weight = self.noising.weight(level, self.noising.parameterisation)
        return squared * (weight.flatten() if isinstance(weight, Tensor) else weight)

    def encode(self, prompts: Sequence[str]) -> Conditioning:
        """Token states, with no gradient, in the encoder's own number format."""
        return self.conditioner.encode_batch(list(prompts))

    def batch(self, moment: Moment, part: slice = ALL) -> tuple[Tensor, list[str], Float64[np.ndarray, " b"]]:
        """One part's x_0, prompts, and a uniform number for each noise level, stratified: (k + U_k) / b for picture k.

        Stratifying keeps each level's distribution and takes most of the levels' noise out of the batch's loss (Kingma
        et al. 2021, appendix I, in another form).
        """
        places, chance = self.order.at(moment.shown, moment.count)
        places, chance = places[part], chance[part]
        x_0 = self.draw(places, chance, moment, part)
        rows = [self.rows[s][r] for s, r in places]
        prompts = [
            training_prompt(row, self.prompting, c[DROP], c[KEYWORD]) for row, c in zip(rows, chance, strict=True)
        ]
        u = rng.uniform(self.seed, (moment.count,), stream=rng.TRAIN_LEVEL, step=moment.step)
        return x_0, prompts, ((np.arange(moment.count) + u) / moment.count)[part]

    def draw(self, places: np.ndarray, chance: np.ndarray, moment: Moment, part: slice) -> Tensor:
        """x_0 of each showing, on the device: the mean, plus the posterior's spread times fresh noise."""
        mean = torch.empty(len(places), *self.stores[0].shape)
        spread = torch.zeros_like(mean)
        for s, store in enumerate(self.stores):
            here = np.flatnonzero(places[:, 0] == s)
            if len(here) == 0:
                continue
            rows = places[here, 1]
            flip = (chance[here, FLIP] < self.flip) & np.array([mirrorable(self.rows[s][r]) for r in rows])
            mean[here] = store.mean(rows, flip)
            std = store.spread(rows, flip)
            if std is not None:
                spread[here] = std
        noise = self.noise((moment.count, *mean.shape[1:]), stream=rng.TRAIN_NOISE, step=moment.step, draw=1)
        return mean.to(self.device) + spread.to(self.device) * noise[part]


def mirrorable(row: Row) -> bool:
    """Whether the mirrored picture still fits its caption: no side is named, and it is no flag."""
    words = row.caption.lower()
    return not any(side in words for side in SIDES) and "flag" not in row.style
