"""How one step's gradient is made: by this process alone, or by a team of copies whose gradients are added.

Loss and gradient are sums over the step's parts, each weighted by its share of the batch; a team adds its members' sums
in the order of the ranks. With one micro-batch for each process that is the very sum that one process makes of its
micro-batches: the same bits.
"""

import contextlib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, runtime_checkable

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from sfumato.train.hands import Hands
from sfumato.train.objective import Moment, Objective
from sfumato.train.shares import parts_of
from sfumato.train.state import Checkpoint, save_checkpoint
from sfumato.train.team import Team, noticing

Weights = Mapping[str, Tensor]
Bucket = dist.GradBucket  # pyright: ignore[reportPrivateImportUsage]


@runtime_checkable
class Spread(Protocol):
    """Leaves the gradient of the mean loss over a whole step in the network's parameters."""

    @property
    def team(self) -> Team:
        """Who takes part."""
        ...

    def backward(self, moment: Moment, micro: int, /) -> Tensor:
        """The step's loss, no longer differentiable; every process gets the same one."""
        ...

    def looking(self, average: Weights, averaged: nn.Module, /) -> AbstractContextManager[nn.Module | None]:
        """A network with the averaged weights in it, to look at; None where another process looks."""
        ...

    def whole(self, value: Tensor, /) -> Tensor:
        """The whole of a tensor of which this process may have a shard."""
        ...

    def placed(self, checkpoint: Checkpoint, /) -> Checkpoint:
        """A checkpoint whose tensors are spread as this process's are."""
        ...

    def write(self, folder: Path, checkpoint: Checkpoint, /, *, keep: int) -> None:
        """Write a checkpoint, one way or another. Raises OutputError, TeamError."""
        ...


class Alone:
    """One process: micro-batches one after the other, each dealt to the threads there are (hands.py)."""

    def __init__(self, objective: Objective) -> None:
        self.objective, self.team, self.hands = objective, Team(), Hands(objective)

    @contextlib.contextmanager
    def looking(self, average: Weights, averaged: nn.Module, /) -> Iterator[nn.Module | None]:
        """See Spread: a second network, filled by the leader."""
        if not self.team.leads:
            yield None
            return
        with torch.no_grad():
            for name, parameter in averaged.named_parameters():
                parameter.copy_(average[name])
        yield averaged.eval()

    def whole(self, value: Tensor, /) -> Tensor:
        """See Spread: it is whole."""
        return value

    def placed(self, checkpoint: Checkpoint, /) -> Checkpoint:
        """See Spread: every process has the whole."""
        return checkpoint

    def write(self, folder: Path, checkpoint: Checkpoint, /, *, keep: int) -> None:
        """See Spread: the leader writes."""
        if self.team.leads:
            save_checkpoint(folder, checkpoint, keep=keep)

    def backward(self, moment: Moment, micro: int, /) -> Tensor:
        """See Spread."""
        first, *others = [self.hands.backward(moment, part) for part in parts_of(moment.count, micro, 0, 1)]
        return sum(others, start=first)


class Loss(nn.Module):
    """An objective's loss as a forward pass, which is where torch's DDP takes hold; the network knows nothing of it."""

    def __init__(self, objective: Objective) -> None:
        super().__init__()
        self.net, self.objective = objective.net, objective

    def forward(self, moment: Moment, part: slice) -> Tensor:
        """The objective's loss."""
        return self.objective.loss(moment, part)


class Replicated(Alone):
    """A team of whole copies (torch's DistributedDataParallel), each with its parts of the step."""

    def __init__(self, objective: Objective, team: Team) -> None:
        super().__init__(objective)
        self.team = team
        with noticing():
            self.copy = DistributedDataParallel(Loss(objective), gradient_as_bucket_view=True)
        self.copy.register_comm_hook(None, added if team.device.type == "cuda" else added_in_order)

    def backward(self, moment: Moment, micro: int, /) -> Tensor:
        """See Spread. Raises TeamError where another process is gone."""
        parts = parts_of(moment.count, micro, self.team.rank, self.team.size)
        total = torch.zeros((), device=self.team.device)
        for part in parts:
            with self.copy.no_sync() if part is not parts[-1] else contextlib.nullcontext(), noticing():
                loss = self.copy(moment, part) * moment.share(part)
                loss.backward()
            total = total + loss.detach()
        return self.team.total(total)


def added_in_order(group: object, bucket: Bucket) -> torch.futures.Future[Tensor]:
    """The sum of the processes' gradients, added in the order of their ranks wherever the bucket's borders fall.

    Each process adds one chunk of it for all, then all gather the chunks: the traffic of a ring, with a fixed order.
    """
    mine, size = bucket.buffer(), dist.get_world_size()
    chunk = -(-mine.numel() // size)
    sent = torch.cat([mine, mine.new_zeros(chunk * size - mine.numel())])
    heard = torch.empty_like(sent)
    dist.all_to_all_single(heard, sent)
    first, *others = heard.view(size, chunk)
    for other in others:
        first = first + other
    dist.all_gather(list(sent.view(size, chunk).unbind()), first)
    done: torch.futures.Future[Tensor] = torch.futures.Future()
    done.set_result(mine.copy_(sent[: mine.numel()]))
    return done


def added(group: object, bucket: Bucket) -> torch.futures.Future[Tensor]:
    """The sum of the processes' gradients in the accelerator's own order, while the backward pass goes on."""
    work = dist.all_reduce(bucket.buffer(), async_op=True)
    assert work is not None
    return work.get_future().then(lambda f: f.value()[0])
