"""The noise of training, as a pure function of (seed, stream, step): generators are seeded anew for every step.

Large arrays are drawn on the run's own device, so two kinds of device draw different noise; the same device draws the
same noise after a resume. Nothing is left to save but the number of the step.
"""

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor

from sfumato import rng


def key(seed: int, stream: int, step: int, draw: int = 0) -> int:
    """63 random bits that name one draw."""
    high, low = rng.words(seed, 2, stream=stream, step=step, draw=draw)
    return (int(high) << 32 | int(low)) >> 1


class StepNoise:
    """Standard normal tensors on one device."""

    def __init__(self, seed: int, device: torch.device) -> None:
        self.seed, self.device = seed, device

    def __call__(self, shape: tuple[int, ...], *, stream: int, step: int, draw: int = 0) -> Tensor:
        """N(0, I) in float32: the same numbers for the same arguments."""
        generator = torch.Generator(self.device)  # one a draw: threads of one step draw at the same time
        generator.manual_seed(key(self.seed, stream, step, draw))
        return torch.empty(shape, device=self.device).normal_(generator=generator)


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Inside, torch's own CPU generator (which initialisers use) draws from `seed`; outside, nothing changed."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(key(seed, rng.INITIAL, 0))
        yield


@contextlib.contextmanager
def seeded_dropout(seed: int, step: int, device: torch.device, draw: int = 0) -> Iterator[None]:
    """Inside, dropout layers (which can only use torch's own generator) draw from this step's key."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        value = key(seed, rng.DROPOUT, step, draw)
        torch.default_generator.manual_seed(value)
        for cuda in devices:
            torch.cuda.default_generators[cuda.index or 0].manual_seed(value)
        yield
