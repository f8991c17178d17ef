"""One line of a table of ablations: what it changes, and of what."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One line of the table.

    after: the variant whose settings it takes over. seeds: how many equal runs but for the seed. beside: it is no step
    of the ladder, but stands beside one. trains: False where `after`'s own runs are measured another way. posthoc: the
    width of the weights' average is chosen after training (train/posthoc.py). cooldown: the share of the run over which
    the learning rate goes to zero. same_network: `after`'s steps take as long, and are as many.
    """

    name: str
    what: str
    after: str = ""
    changes: tuple[str, ...] = ()
    seeds: int = 1
    beside: bool = False
    trains: bool = True
    posthoc: bool = False
    cooldown: float = 0.0
    same_network: bool = False
