"""Whether a run fits in memory, said before it starts or goes on, with the sizes.

State, in float32, for each parameter: the weight, its gradient, its average, the network that shows the average, and
AdamW's two moments (Muon's one). Work: what the backward pass keeps of a micro-batch, measured on the first pictures of
the run itself. Both are lower bounds: temporary arrays and the library come on top.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from sfumato.errors import RecipeError
from sfumato.train.objective import Moment, Objective
from sfumato.train.recipe import TrainRecipe
from sfumato.train.shares import parts_of
from sfumato.train.state import Checkpoint
from sfumato.train.team import Team

COPIES = 6
"""Numbers of state for each parameter."""


def refuse_large_state(recipe: TrainRecipe, net: nn.Module, team: Team, *, sharded: bool) -> None:
    """Raise RecipeError where the state of `net`, which may be on the meta device, cannot fit."""
    parameters = sum(p.numel() for p in net.parameters())
    each = 4 * COPIES * parameters // (team.size if sharded else 1)
    here = available(team.device)
    if each > here:
        raise RecipeError(
            f"the recipe {recipe.name!r} needs at least {spelt(each)} for the state of {parameters / 1e6:.1f} million "
            f"parameters, and {spelt(here)} of memory are free on {team.device}; "
            "make the network smaller, or share the state among processes by torchrun and --spread shards"
        )


def refuse_large_batch(recipe: TrainRecipe, objective: Objective, team: Team, *, lent: int = 0) -> None:
    """Raise RecipeError where a step of this process, on top of the state not yet there, cannot fit.

    Two pictures are taken forwards, and nothing is changed. The network and its double are in memory already. lent:
    bytes that are free again before the first step, as those of the checkpoint that a run goes on from.
    """
    step = recipe.optimiser
    largest = max(p.stop - p.start for p in parts_of(step.batch, step.micro, team.rank, team.size))
    each = kept(objective, 2) - kept(objective, 1)
    state = 4 * (COPIES - 2) * sum(p.numel() for p in objective.net.parameters())
    here = available(team.device) + lent
    if state + each * largest > here:
        fits = max(0, here - state) // max(1, each)
        remedy = f"set optimiser.micro to {fits} or less" if fits else "make the network or the pictures smaller"
        raise RecipeError(
            f"the recipe {recipe.name!r} needs at least {spelt(state + each * largest)}: {spelt(state)} of state and "
            f"{spelt(each)} for each of {largest} pictures at once, and {spelt(here)} of memory are free on "
            f"{team.device}; {remedy}"
        )


def size_of(checkpoint: Checkpoint, device: torch.device) -> int:
    """The bytes that a checkpoint takes of a device's memory; what is still in its files takes none."""
    values = (value for part in checkpoint.tensors.values() for value in part.values())
    return sum(value.nbytes for value in values if isinstance(value, Tensor) and value.device.type == device.type)


def kept(objective: Objective, pictures: int) -> int:
    """The bytes that the backward pass would keep of so many pictures, parameters included.

    A node that saved its own output would hold itself, out of the collector's sight: what is saved is let go of here.
    """
    found: dict[int, int] = {}
    saved: list[list[Tensor]] = []

    def pack(value: Tensor) -> list[Tensor]:
        try:
            storage = value.untyped_storage()
            found[storage.data_ptr()] = storage.nbytes()
        except RuntimeError:  # inside a transform of torch.func a tensor has no storage of its own
            found[id(value)] = value.nbytes
        saved.append([value])
        return saved[-1]

    try:
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda held: held[0]):
            objective.loss(Moment(step=0, shown=0, count=2), slice(0, pictures))
    finally:
        for held in saved:
            held.clear()
    return sum(found.values())


def available(device: torch.device) -> int:
    """Bytes that can still be allocated on the accelerator, or in this machine or its container; large if unknown."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    limits = [1 << 62]
    for line in read("/proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            limits.append(int(line.split()[1]) << 10)
    most, now = read("/sys/fs/cgroup/memory.max").strip(), read("/sys/fs/cgroup/memory.current").strip()
    if most.isdigit() and now.isdigit():
        limits.append(max(0, int(most) - int(now)))
    return min(limits)


def read(file: str) -> str:
    """A system's file, or nothing where there is none."""
    try:
        return Path(file).read_text("utf-8")
    except OSError:
        return ""


def spelt(size: int) -> str:
    """Bytes for people."""
    return f"{size / 2**30:.1f} GiB" if size >= 2**29 else f"{size / 2**20:.0f} MiB"
