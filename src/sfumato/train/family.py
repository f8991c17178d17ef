"""The networks that a budget of time chooses among, and what of a recipe follows from the time there is.

A network that sees few pictures for its size has not learnt to use it; one that sees many could have been larger.
PER_THOUSAND lies at the lower end of what the shipped model was trained with.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sfumato.train.recipe import TrainRecipe

WIDTHS = ((32, 64, 96), (64, 96, 128), (64, 128, 192), (128, 192, 256), (192, 320, 448), (256, 512, 768))
"""The widths of the levels, smallest network first."""
PER_THOUSAND = 15.0
"""Pictures that a network must be shown for each thousand parameters to be chosen; the smallest needs none."""
UPDATES = 1000
"""A batch is doubled as long as so many updates are left."""
FEW = 3000
"""Pictures up to which they are shown mirrored too."""
SMALL = 48
"""Pixels of a side up to which pictures are trained on as pixels, 32 x 32."""
SMALLEST = 32
"""Pictures in a batch, at least."""


@dataclass(frozen=True, kw_only=True)
class Looks:
    """What a run's looks at itself consist of: held-out pictures, noise levels below 1, steps of a sheet's pictures."""

    heldout_rows: int
    bins: int
    steps: int

    def calls(self, prompts: int) -> int:
        """Pictures that go through the network in one look: each row under two captions, each prompt with and without.

        The pass forwards alone; an update costs three of them.
        """
        return 2 * (self.heldout_rows * (self.bins + 1) + prompts * self.steps)


LOOKS = (
    Looks(heldout_rows=512, bins=8, steps=25),
    Looks(heldout_rows=384, bins=6, steps=25),
    Looks(heldout_rows=256, bins=4, steps=20),
    Looks(heldout_rows=192, bins=3, steps=15),
    Looks(heldout_rows=128, bins=2, steps=10),
    Looks(heldout_rows=64, bins=1, steps=8),
)
"""From thorough to quick."""
LOOKING = 0.03
"""The share of the budget that the last look may take; the quickest is taken where none is so quick."""


def of_width(widths: Sequence[int]) -> list[str]:
    """The changes to abbozzo that make this network; wider ones learn at a lower rate."""
    return [f"network.block_out_channels={list(widths)}", f"optimiser.lr={1.2e-3 * (32 / widths[0]) ** 0.5:.2g}"]


def in_pixels() -> list[str]:
    """The changes to abbozzo that train it on the pixels themselves, for pictures that small."""
    return [
        "space.kind=pixels",
        "space.autoencoder=",
        "data.size=32",
        "network.in_channels=3",
        "network.out_channels=3",
        'network.attend=["none", "none", "text"]',
        "process.density.shift=1.0",
    ]


def batch_for(images: float, largest: int) -> int:
    """The batch of a run that shows so many pictures."""
    batch = largest
    while batch > SMALLEST and images / batch < UPDATES:
        batch //= 2
    return batch


def looks_for(rate: float, seconds: float, prompts: int) -> Looks:
    """The most thorough look that fits, at a rate of training in pictures per second."""
    fits = [looks for looks in LOOKS if looks.calls(prompts) / (3 * rate) <= LOOKING * seconds]
    return fits[0] if fits else LOOKS[-1]


def scheduled(recipe: TrainRecipe, images: int, rate: float, seconds: float) -> list[str]:
    """The changes that fit the rate's schedule, the log and the checkpoints to a run of about so many pictures."""
    batch, hours = recipe.optimiser.batch, seconds / 3600
    looks = images // (8 if hours >= 2 else 3) if hours >= 0.3 else 100 * images
    every = {
        "watch.metrics": max(batch, images // 100),
        "watch.heldout": max(batch, looks),
        "watch.sheet": max(batch, looks),
        "watch.checkpoint": max(batch, round(min(600.0, max(30.0, 0.1 * seconds)) * rate)),
        "rate.warmup": images // 20,
    }
    return [f"rate.seconds={seconds:g}", *(f"{name}={value}" for name, value in every.items())]
