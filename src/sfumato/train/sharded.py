"""A team whose members have shards of the weights, the average and the moments, for networks too large for one of them.

torch's FSDP2: every innermost repeated block is gathered when it computes and let go of after (Zhao et al. 2023,
arXiv:2304.11277). The network's file knows nothing of it. A checkpoint is written by all, each its own rows
(train/slices.py), and its index last, by the leader; all must see the run's folder.
"""

import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import safetensors.torch
import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard, register_fsdp_forward_method
from torch.distributed.tensor import DTensor, Shard

from sfumato.atomic import cannot_write, new_folder, write_durably
from sfumato.errors import OutputError
from sfumato.train.objective import Moment, Objective
from sfumato.train.shares import parts_of
from sfumato.train.slices import Piece, Rows
from sfumato.train.state import INDEX, PARTS, SLICED, Checkpoint, prune, sealed
from sfumato.train.team import Team, noticing


class Sharded:
    """See Spread (train/spread.py). Fully shards the objective's network in place, in contiguous memory."""

    def __init__(self, objective: Objective, team: Team) -> None:
        self.objective, self.team = objective, team
        net = objective.net.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        with noticing():
            self.mesh: DeviceMesh = init_device_mesh(team.device.type, (team.size,))
            for block in innermost_blocks(net):
                fully_shard(block, mesh=self.mesh)
            fully_shard(net, mesh=self.mesh, reshard_after_forward=True)
        for way in ("encode", "decode"):
            if hasattr(net, way):
                register_fsdp_forward_method(net, way)
        self.net = cast(FSDPModule, net)

    def backward(self, moment: Moment, micro: int, /) -> Tensor:
        """See Spread. FSDP divides the sum of the gradients by the number of processes, so it is multiplied first."""
        parts = parts_of(moment.count, micro, self.team.rank, self.team.size)
        total = torch.zeros((), device=self.team.device)
        for part in parts:
            self.net.set_requires_gradient_sync(part is parts[-1])
            with noticing():
                loss = self.objective.loss(moment, part) * moment.share(part)
                (loss * self.team.size).backward()
            total = total + loss.detach()
        return self.team.total(total)

    @contextlib.contextmanager
    def looking(self, average: Mapping[str, Tensor], averaged: nn.Module, /) -> Iterator[nn.Module | None]:
        """See Spread: all look, with the average in the network's own place for that while."""
        mine = {name: local(p).clone() for name, p in self.objective.net.named_parameters()}
        self._fill(average)
        yield self.objective.net.eval()
        self._fill(mine)

    @torch.no_grad()
    def _fill(self, values: Mapping[str, Tensor]) -> None:
        for name, parameter in self.objective.net.named_parameters():
            local(parameter).copy_(local(values[name]))

    def whole(self, value: Tensor, /) -> Tensor:
        """See Spread: gathered from all. Raises TeamError."""
        with noticing():
            return value.full_tensor() if isinstance(value, DTensor) else value

    def placed(self, checkpoint: Checkpoint, /) -> Checkpoint:
        """See Spread: this process's rows of every tensor that has rows, read from files where it is in files."""
        tensors = {
            part: {name: self._mine(part, name, value) for name, value in named.items()}
            for part, named in checkpoint.tensors.items()
        }
        return Checkpoint(tensors, checkpoint.about)

    def _mine(self, part: str, name: str, value: Tensor | Piece) -> Tensor:
        whole = torch.Size(value.shape)
        if not whole or (part == "weights" and name not in self._parameters):
            return value.whole() if isinstance(value, Piece) else value
        start, stop = rows_of(whole[0], self.team)
        rows = value.rows(start, stop) if isinstance(value, Piece) else value[start:stop].contiguous()
        stride = torch.empty(whole, device="meta").stride()
        return DTensor.from_local(rows.to(self.team.device), self.mesh, [Shard(0)], shape=whole, stride=stride)

    @property
    def _parameters(self) -> set[str]:
        return {name for name, _ in self.objective.net.named_parameters()}

    def write(self, folder: Path, checkpoint: Checkpoint, /, *, keep: int) -> None:
        """See Spread. Raises OutputError where one of them cannot write, TeamError where one is gone."""
        with new_folder(folder, replace=True) if self.team.leads else contextlib.nullcontext() as building:
            place = Path(self.team.tell(str(building))[0])
            said = self.team.tell(written(place, checkpoint, self.team))
            failed = [words["error"] for words in said if "error" in words]
            if failed:
                raise OutputError(failed[0])
            if building is not None:
                sums = {file: found["sha256"] for words in said for file, found in words.items()}
                rows = {file: found["rows"] for words in said for file, found in words.items()}
                index = {"format": "sfumato-training", "version": SLICED, "sha256": sums, "rows": rows}
                write_durably(building / INDEX, sealed({**index, **checkpoint.about}))
        if self.team.leads:
            prune(folder.parent, keep)
        self.team.wait()


def written(folder: Path, checkpoint: Checkpoint, team: Team) -> dict[str, Any]:
    """Write this process's rows of every part; answers each file's sha256 and rows, or what went wrong."""
    found: dict[str, Any] = {}
    for part in PARTS:
        tensors, rows = own_rows(checkpoint.tensors[part], team)
        file = f"{part}.{team.rank}of{team.size}.safetensors"
        data = safetensors.torch.save(tensors)
        found[file] = {"sha256": hashlib.sha256(data).hexdigest(), "rows": rows}
        try:
            write_durably(folder / file, data)
        except OSError as problem:
            return {"error": cannot_write(folder / file, problem)}
    return found


def own_rows(tensors: Mapping[str, Tensor], team: Team) -> tuple[dict[str, Tensor], Rows]:
    """What this process writes: its rows of what is sharded, and, if it leads, the rest."""
    mine: dict[str, Tensor] = {}
    rows: Rows = {}
    for name, value in tensors.items():
        if isinstance(value, DTensor):
            start, stop = rows_of(value.shape[0], team)
        else:
            start, stop = 0, (value.shape[0] if value.ndim else 1) if team.leads else 0
        if start < stop:
            mine[name], rows[name] = local(value).detach().cpu().contiguous(), (start, stop)
    return mine, rows


def rows_of(count: int, team: Team) -> tuple[int, int]:
    """The rows [start, stop) that a process has of `count`: equal chunks, rounded up; the last ones may be empty."""
    chunk = -(-count // team.size)
    return min(count, team.rank * chunk), min(count, (team.rank + 1) * chunk)


def local(value: Tensor) -> Tensor:
    """The rows that this process has."""
    return value.to_local() if isinstance(value, DTensor) else value


def innermost_blocks(net: nn.Module) -> list[nn.Module]:
    """The repeated blocks (entries of a ModuleList) that hold no repeated blocks themselves."""
    blocks = [block for part in net.modules() if isinstance(part, nn.ModuleList) for block in part]
    return [b for b in blocks if not any(isinstance(m, nn.ModuleList) and len(m) for m in b.modules())]
