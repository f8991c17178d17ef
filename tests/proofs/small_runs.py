"""Networks of a few thousand weights, trained for few steps on a distribution whose exact flow is known."""

import contextlib
from dataclasses import replace

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from sfumato import rng
from sfumato.conditioner import Conditioning
from sfumato.corpus.prompt import Prompting
from sfumato.corpus.rows import Row
from sfumato.process.consistency import consistent
from sfumato.process.oracle import Gaussian, Mixture
from sfumato.process.prediction import Prediction
from sfumato.process.schedule import Level
from sfumato.train.chance import seeded
from sfumato.train.consistency_methods import METHODS
from sfumato.train.consistency_recipe import ConsistencyOptions
from sfumato.train.consistency_task import ConsistencyTask
from sfumato.train.guided import GuidedTeacher
from sfumato.train.noising import Noising
from sfumato.train.objective import Moment
from sfumato.train.order import Order
from sfumato.train.recipe import Process, TrainRecipe
from sfumato.train.target import WithTarget, student_of

CPU = torch.device("cpu")
COND = Mixture(np.array([0.4, 0.6]), np.array([[[[-0.8]]], [[[0.7]]]]), np.array([[[[0.4]]], [[[0.35]]]]))
"""The pictures, of one pixel."""
NULL = Gaussian(np.full((1, 1, 1), -0.3), np.full((1, 1, 1), 1.0))
"""What a teacher believes without the prompt."""
ROWS = 4096


class Still:
    """A conditioner that knows whether there is a prompt."""

    def encode_batch(self, prompts, /):
        said = torch.tensor([float(bool(prompt)) for prompt in prompts])
        return Conditioning(said.view(-1, 1, 1), torch.ones(len(said), 1, dtype=torch.bool), ((),) * len(said))


class Pixels:
    """ROWS draws of COND."""

    shape = (1, 1, 1)

    def __init__(self):
        chance = np.random.default_rng(3)
        drawn = COND.sample(chance.uniform(size=ROWS), chance.standard_normal((ROWS, 1, 1, 1)))
        self.pictures = torch.from_numpy(drawn).float()

    def __len__(self):
        return ROWS

    def mean(self, rows, flip, /):
        return self.pictures[torch.as_tensor(rows)]

    def spread(self, rows, flip, /):
        return None


class Small(nn.Module):
    """A perceptron of the state, the clock and the dials."""

    def __init__(self, dials, width=64):
        super().__init__()
        self.count = dials
        self.layers = nn.Sequential(
            nn.Linear(2 + dials, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 1)
        )

    def forward(self, x, c_noise, tokens, mask, pooled, dials=None):
        numbers = torch.zeros(len(x), self.count) if dials is None else dials
        told = [x.flatten(1), c_noise.reshape(-1, 1).float().expand(len(x), 1), numbers]
        return self.layers(torch.cat(told, dim=1)).view_as(x)


def oracle_teacher(x, level, cond, /):
    """COND with a prompt, NULL without, in torch."""
    at = Level(*(part.double().numpy() for part in (level.t, level.alpha, level.sigma)))
    with_prompt, without = (o(x.double().numpy(), at) for o in (COND, NULL))
    said = cond.tokens.view(-1, 1, 1, 1)
    x0_hat, eps_hat = (
        said * torch.from_numpy(getattr(with_prompt, name)).float()
        + (1 - said) * torch.from_numpy(getattr(without, name)).float()
        for name in ("x0_hat", "eps_hat")
    )
    return Prediction(x, level, x0_hat, eps_hat)


def task_of(options: ConsistencyOptions, process: Process, horizon: int) -> ConsistencyTask:
    """A task over Pixels. A teacher is there wherever the options name one."""
    noising, store = Noising.of(process), Pixels()
    teacher = GuidedTeacher(oracle_teacher, noising.schedule, Still().encode_batch([""])) if options.teacher else None
    with seeded(1):
        net = Small({"distillation": 1, "training": 0, "mean-flow": 2}[options.method])
    task = METHODS[options.method](
        WithTarget(net) if options.target else net,
        options=options,
        teacher=teacher,
        horizon=horizon,
        noising=noising,
        conditioner=Still(),
        stores=[store],
        rows=[[Row(position=k, id=str(k), caption="x") for k in range(ROWS)]],
        order=Order(0, [ROWS], [1.0]),
        prompting=Prompting(drop=0.0, keyword=0.0),
        flip=0.0,
        seed=0,
        device=CPU,
        dtype=torch.float32,
        recipe=TrainRecipe(name="small"),
        autoencoder=None,
        val=None,
    )
    task.batch = lambda moment, part: quick_batch(store, moment, part)
    return task


def quick_batch(store, moment, part):
    """Denoising.batch without captions, mirroring and epochs: what is proved here does not hang on them."""
    rows = (moment.shown + np.arange(moment.count)) % len(store)
    u = rng.uniform(0, (moment.count,), stream=rng.TRAIN_LEVEL, step=moment.step)
    u = ((np.arange(moment.count) + u) / moment.count)[part]
    return store.mean(rows[part], None), ["x"] * len(u), u


def trained(options: ConsistencyOptions, process: Process, *, steps: int, batch: int = 256, lr: float = 1e-2):
    """A task after `steps` updates, the rate falling to zero."""
    task = task_of(options, process, steps * batch)
    adam = torch.optim.Adam(task.net.parameters(), lr)
    fall = torch.optim.lr_scheduler.LambdaLR(adam, lambda step: min(1.0, 2.0 - 2.0 * step / steps))
    for step in range(steps):
        adam.zero_grad()
        task.loss(Moment(step=step, shown=step * batch, count=batch), slice(0, batch)).backward()
        adam.step()
        fall.step()
    return task


def error(task: ConsistencyTask, times=(1.0, 0.75, 0.5, 0.25), scale: float | None = None) -> float:
    """Root mean square of f(x_t, t) minus the exact end of the trajectory, over times and likely states."""
    end, gaps = task.finest[-1], []
    chance = np.random.default_rng(5)
    for t in times:
        level = task.noising.schedule(t)
        x_0 = COND.sample(chance.uniform(size=256), chance.standard_normal((256, 1, 1, 1)))
        x = level.alpha * x_0 + level.sigma * chance.standard_normal(x_0.shape)
        cond = Still().encode_batch(["x"] * len(x))
        if scale is not None:
            cond = replace(cond, dials=F.pad(torch.full((len(x), 1), scale - 1.0), (0, student_of(task.net).count - 1)))
        here = Level(*(torch.full((len(x), 1, 1, 1), part) for part in (level.t, level.alpha, level.sigma)))
        with torch.no_grad():
            belief = task.belief(student_of(task.net), cond, contextlib.nullcontext)
            found = consistent(belief(torch.from_numpy(x).float(), here), end)
        truth = COND.flow(x, level, end) if scale in (None, 1.0) else guided_flow(x, level, end, task, scale)
        gaps.append(np.square(found.numpy() - truth).mean())
    return float(np.sqrt(np.mean(gaps)))


def guided_flow(x, here, end, task, scale, steps=2000):
    """The end of the guided flow, by so many Euler steps in t."""
    for t in np.linspace(here.t, end.t, steps + 1)[1:]:
        there = task.noising.schedule(float(t))
        a, b = COND(x, here), NULL(x, here)
        x0_hat, eps_hat = (getattr(b, n) + scale * (getattr(a, n) - getattr(b, n)) for n in ("x0_hat", "eps_hat"))
        x, here = there.alpha * x0_hat + there.sigma * eps_hat, there
    return x
