"""Training against a plain PyTorch loop of the same network.  Goal: 1.3 times the pictures per second on a CPU.

    python benchmarks/plain_loop.py CORPUS --recipe tavola [--cache DIR] [--rounds 5] [--steps 3] [--threads 1 2]
    python benchmarks/plain_loop.py tests/data --recipe tiny --set watch.split=train

The rival has everything at hand that can be computed before: latents and token states as tensors in memory, shuffled by
a DataLoader; nothing is logged. It has the same network, number format, batch, clipping, AdamW (fused) and Muon, matrix
by matrix as published, and torch's own average of the weights. Ours is the trainer's whole update, which draws its
latents, looks its prompts up and can be resumed bit for bit. A run encodes a text at its first showing and remembers
it (train/remembered.py); what is timed are later showings, so the texts to come are encoded before.

First both are given the same pictures, noise, levels and texts, and the losses of some updates are compared. Then the
rival's best way is looked for (0 or 1 workers, channels-last or not), at each number of threads, by the median of
three tries; ours and the rival take turns at the best number of threads of each. Ratio: pictures per second, ours over
the rival's, the median of the rounds with their range. Then the floor: what a picture's forward and backward pass takes
in products, and how many pictures a second the machine could show the network if all of it went at the rate of a large
product on as many threads (floor.py).
"""

import argparse
import statistics
import sys
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from data_loading import clock
from floor import flops, matrix_rate
from plain_muon import PlainMuon
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, TensorDataset

from sfumato.corpus.locate import cache_folder
from sfumato.corpus.prompt import plain_prompt
from sfumato.parts import device_named
from sfumato.rng import TRAIN_NOISE
from sfumato.train.build import build, make_network
from sfumato.train.loop import Trainer
from sfumato.train.material import Place
from sfumato.train.objective import Moment
from sfumato.train.optimisers import in_block
from sfumato.train.precision import autocast, resolve
from sfumato.train.progress import Progress
from sfumato.train.rate import learning_rate
from sfumato.train.reading import load_recipe

Step = Callable[[], Tensor]
"""One update; its loss."""
TRIES = 3
"""Rounds in which every way is tried, to choose the best by the median."""


class Plain:
    """The rival: a network with its optimisers, and a step on given tensors."""

    def __init__(self, ours: Trainer, layout: torch.memory_format) -> None:
        self.task: Any = ours.objective
        self.recipe, self.layout, self.dtype = ours.recipe, layout, resolve(ours.recipe.precision, ours.device)
        self.device, options = ours.device, ours.recipe.optimiser
        self.net = make_network(ours.recipe).to(self.device, memory_format=layout)  # type: ignore[call-overload]
        self.net.load_state_dict(self.task.net.state_dict())
        self.average = AveragedModel(self.net, multi_avg_fn=get_ema_multi_avg_fn(0.999))
        named = dict(self.net.named_parameters())
        muon = [p for n, p in named.items() if options.kind == "muon" and p.ndim >= 2 and in_block(n)]
        rest = [p for p in named.values() if all(p is not q for q in muon)]
        decayed = [{"params": [p for p in rest if p.ndim >= 2], "weight_decay": options.weight_decay},
                   {"params": [p for p in rest if p.ndim < 2], "weight_decay": 0.0}]  # fmt: skip
        self.optimisers: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(decayed, lr=options.lr, betas=options.betas, eps=options.eps, fused=True)
        ]
        if muon:
            self.optimisers.append(PlainMuon(muon, options.lr, options.weight_decay, self.dtype))
        self.shares, self.images = (1.0, options.muon), 0

    def step(self, x_0: Tensor, eps: Tensor, level: Any, tokens: Tensor, mask: Tensor, pooled: Tensor | None) -> Tensor:
        """One update; its loss."""
        noising = self.task.noising
        x_t = (level.alpha * x_0 + level.sigma * eps).contiguous(memory_format=self.layout)
        target = noising.parameterisation.target(x_0, eps, level)
        x_in = noising.parameterisation.scale_in(level) * x_t
        with autocast(self.dtype, self.device):
            output = self.net(x_in, noising.clock(level).flatten(), tokens, mask, pooled)
        weight = noising.weight(level, noising.parameterisation)
        loss = ((output.float() - target).square().mean(dim=(1, 2, 3)) * torch.as_tensor(weight).flatten()).mean()
        for optimiser, share in zip(self.optimisers, self.shares, strict=False):
            for group in optimiser.param_groups:
                group["lr"] = share * learning_rate(self.recipe.rate, self.recipe.optimiser.lr, self.images)
            optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), self.recipe.optimiser.clip or float("inf"))
        for optimiser in self.optimisers:
            optimiser.step()
        self.average.update_parameters(self.net)
        self.images += len(x_0)
        return loss.detach()

    def on(self, loader: DataLoader) -> Callable[[], Tensor]:
        """A function that makes one step on what the loader gives next."""
        batches = endless(loader)

        def step() -> Tensor:
            x_0, tokens, mask = (t.to(self.device) for t in next(batches))
            level = self.task.noising.drawn(np.asarray(torch.rand(len(x_0), dtype=torch.float64)), self.device)
            return self.step(x_0, torch.randn_like(x_0), level, tokens.float(), mask, None)

        return step


def endless(loader: DataLoader) -> Iterator[list[Tensor]]:
    """Epoch after epoch."""
    while True:
        yield from loader


def prepared(task: Any, count: int) -> TensorDataset:
    """Latents (or pixels) and token states of the first rows, as tensors."""
    store, rows = task.stores[0], task.rows[0]
    chosen = np.arange(min(count, len(store)))
    cond = task.conditioner.encode_batch([plain_prompt(rows[r]) for r in chosen])
    return TensorDataset(store.mean(chosen, np.zeros(len(chosen), bool)), cond.tokens.bfloat16(), cond.mask)


def compared(ours: Trainer, plain: Plain, steps: int) -> list[tuple[float, float]]:
    """The losses of both over the first updates, on the same pictures, noise, levels and texts."""
    task: Any = ours.objective
    pairs = []
    for step in range(steps):
        moment = Moment(step=step, shown=ours.progress.images, count=ours.recipe.optimiser.batch)
        x_0, prompts, u = task.batch(moment)
        eps = task.noise((moment.count, *x_0.shape[1:]), stream=TRAIN_NOISE, step=step)
        cond = task.encode(prompts)
        theirs = plain.step(x_0, eps, task.noising.drawn(u, task.device), cond.tokens, cond.mask, cond.pooled)
        pairs.append((float(ours.update()[0]), float(theirs)))
    return pairs


def encode_ahead(ours: Trainer, updates: int) -> None:
    """Encode the texts of so many updates to come, as the epoch before them would have."""
    task: Any = ours.objective
    count = ours.recipe.optimiser.batch
    for k in range(updates):
        moment = Moment(step=ours.progress.step + k, shown=ours.progress.images + k * count, count=count)
        task.encode(task.batch(moment)[1])


def timed(step: Step, steps: int, threads: int, device: torch.device) -> float:
    """Seconds for so many steps, with that many threads."""
    torch.set_num_threads(threads)
    begin = clock(device)
    for _ in range(steps):
        float(step())
    return clock(device) - begin


def main() -> None:
    """Print the losses, the best ways, and the ratio."""
    parser = argparse.ArgumentParser(description="Training against a plain loop.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--recipe", default="tavola")
    parser.add_argument("--set", dest="changes", action="append", default=[])
    parser.add_argument("--cache", type=Path, default=cache_folder())
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=3, help="updates in a round")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, torch.get_num_threads()])
    options = parser.parse_args()
    device, recipe = device_named(options.device), load_recipe(options.recipe, options.changes)
    place = Place(device=device, data=options.data, cache=options.cache, report=lambda *_: None)
    trainer = Trainer(recipe, build(recipe, place).objective, Progress())
    layouts = {"channels-last": torch.channels_last, "contiguous": torch.contiguous_format}
    rivals = {name: Plain(trainer, layout) for name, layout in layouts.items()}
    for own, plain in compared(trainer, rivals["channels-last"], 3):
        print(f"loss {own:.6f} and plain {plain:.6f}, {abs(own / plain - 1):.1e} apart")
    data, batch = prepared(trainer.objective, 16 * recipe.optimiser.batch), recipe.optimiser.batch
    ways: dict[str, Step] = {"ours": lambda: trainer.update()[0]}
    for name, workers in product(rivals, (0, 1)):
        loader = DataLoader(data, batch, shuffle=True, drop_last=True, num_workers=workers)
        ways[f"{name}, {workers} workers"] = rivals[name].on(loader)
    shown, threads = options.steps * batch, sorted(set(options.threads))
    encode_ahead(trainer, len(threads) * (1 + TRIES * options.steps) + options.rounds * options.steps)
    said, rate, best = turns(ways, threads, options.steps, options.rounds, shown, device)
    print(said)
    print(beside_floor(trainer, rate, best))


def beside_floor(trainer: Trainer, rate: float, threads: int) -> str:
    """How near so many pictures a second are to the rate of the machine's products; the result in words."""
    task: Any = trainer.objective
    count = trainer.recipe.optimiser.batch
    moment = Moment(step=trainer.progress.step, shown=trainer.progress.images, count=count)
    encode_ahead(trainer, 1)  # which is no work of the network's
    each = flops(lambda: task.loss(moment, slice(0, count)).backward()) / count
    torch.set_num_threads(threads)
    most = matrix_rate(task.dtype, task.device)
    return (
        f"floor: {each / 1e9:.2f} GFLOP a picture at the {most / 1e9:.0f} GFLOP/s of large products in "
        f"{str(task.dtype)[6:]} would be {most / each:.1f} pictures/s; ours is {100 * rate * each / most:.0f} % of it"
    )


def turns(
    ways: dict[str, Step], threads: list[int], steps: int, rounds: int, shown: int, device: torch.device
) -> tuple[str, float, int]:
    """The best number of threads of ours and the best way of the rival, then both by turns.

    The result in words, our pictures a second, and our threads.
    """
    keys = [(way, count) for count in threads for way in ways]
    for way, count in keys:
        timed(ways[way], 1, count, device)  # warms up
    tries = [[timed(ways[way], steps, count, device) for way, count in keys] for _ in range(TRIES)]
    tried = {key: statistics.median(column) for key, column in zip(keys, zip(*tries, strict=True), strict=True)}
    for (way, count), seconds in tried.items():
        print(f"{way}, {count} threads: {shown / seconds:.1f} pictures/s", file=sys.stderr)
    own = min((key for key in tried if key[0] == "ours"), key=tried.__getitem__)
    other = min((key for key in tried if key[0] != "ours"), key=tried.__getitem__)
    times = [[timed(ways[way], steps, count, device) for way, count in (own, other)] for _ in range(rounds)]
    ratios = [plain / ours for ours, plain in times]
    ours, plain = (shown / statistics.median(column) for column in zip(*times, strict=True))
    said = (
        f"ours {ours:.1f} pictures/s on {own[1]} threads, plain {plain:.1f} on {other[1]} ({other[0]}); "
        f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    )
    return said, ours, own[1]


if __name__ == "__main__":
    main()
