"""The processes that train one run together: which of them this is, and the little that they tell each other.

A team is started from outside (torchrun sets RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and MASTER_PORT). Rank 0 leads:
it alone writes. What is summed is summed in the order of the ranks, so that a run's numbers depend on how many
processes there are and on nothing else.
"""

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed import PrefixStore, Store  # pyright: ignore[reportPrivateImportUsage]
from torch.distributed.rendezvous import rendezvous

from sfumato.errors import TeamError

PATIENCE = timedelta(hours=6)
"""How long a process waits for the others, which may be decoding a corpus; one that died is noticed at once."""


@dataclass(frozen=True)
class Team:
    """rank: 0 .. size - 1. A team of one needs no other process and calls none."""

    rank: int = 0
    size: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes."""
        return self.rank == 0

    def hear(self, value: Tensor) -> Tensor:
        """The values of all, stacked in the order of the ranks. Raises TeamError where one of them is gone."""
        if self.size == 1:
            return value[None]
        out = torch.empty(self.size, *value.shape, dtype=value.dtype, device=value.device)
        with noticing():
            dist.all_gather(list(out.unbind()), value.contiguous())
        return out

    def total(self, value: Tensor) -> Tensor:
        """The sum over the processes, added in the order of the ranks. Raises TeamError."""
        first, *others = self.hear(value)
        for other in others:
            first = first + other
        return first

    def agree(self, wish: bool) -> bool:
        """True where it is the wish of any of them. Raises TeamError."""
        return wish if self.size == 1 else bool(self.hear(torch.tensor(wish, device=self.device)).any())

    def tell(self, words: Any) -> list[Any]:
        """Plain data (JSON) of every process, in the order of the ranks. Raises TeamError."""
        if self.size == 1:
            return [words]
        data = torch.frombuffer(bytearray(json.dumps(words).encode()), dtype=torch.uint8).to(self.device)
        lengths = self.hear(torch.tensor(len(data), device=self.device)).tolist()
        padded = torch.zeros(max(lengths), dtype=torch.uint8, device=self.device)
        padded[: len(data)] = data
        heard = self.hear(padded).cpu()
        return [json.loads(bytes(row[:n].tolist())) for row, n in zip(heard, lengths, strict=True)]

    def wait(self) -> None:
        """Go on when all have come here. Raises TeamError."""
        self.agree(False)

    @contextlib.contextmanager
    def leader_first(self) -> Iterator[None]:
        """The leader does what is inside before the others do, who then find its caches. Raises TeamError."""
        if not self.leads:
            self.wait()
        yield
        if self.leads:
            self.wait()


@contextlib.contextmanager
def noticing() -> Iterator[None]:
    """Turn what a lost connection raises into a TeamError."""
    try:
        yield
    except RuntimeError as error:
        words = str(error).lower()
        if isinstance(error, dist.DistError) or "gloo" in words or "connection" in words:
            raise TeamError(
                "another process of this training has ended; what it said stands above, and the run goes on from its "
                "last checkpoint by --resume (torchrun --max-restarts does so by itself)"
            ) from error
        raise


def gather_team(device: torch.device) -> Team:
    """The team that the environment describes; a team of one where it describes none.

    Raises TeamError where the others cannot be reached.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1 or "RANK" not in os.environ:
        return Team(device=device)
    try:
        store, rank, size = meeting_place()
        backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
        dist.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=PATIENCE)
    except (RuntimeError, ValueError) as error:
        raise TeamError(
            f"the {size} processes of this training do not find each other: {error}; start them with torchrun"
        ) from error
    return Team(dist.get_rank(), dist.get_world_size(), device)


def meeting_place() -> tuple[Store, int, int]:
    """Where the processes find each other, this one's rank, and how many there are.

    torchrun keeps one store over its restarts, with the addresses of processes that have died: one that reads such an
    address before its successor has written there would wait for it, for PATIENCE. So every start has entries of its
    own. Torchruns of several hosts count their restarts each for itself; there the store is taken as it is.
    """
    store, rank, size = next(iter(rendezvous("env://", timeout=PATIENCE)))
    if os.environ.get("GROUP_WORLD_SIZE") == "1":
        store = PrefixStore(f"start-{os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}", store)
    return store, rank, size


def leave() -> None:
    """Let go of the others, where there are any."""
    if dist.is_initialized():
        dist.destroy_process_group()
