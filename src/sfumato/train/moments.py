"""A run's tensors into and out of a checkpoint: weights, average, and the optimisers' moments, by parameter name."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from sfumato.errors import CheckpointError
from sfumato.train.average import PowerAverage
from sfumato.train.muon import Muon
from sfumato.train.state import Checkpoint

STATE: dict[type, tuple[str, ...]] = {torch.optim.AdamW: ("step", "exp_avg", "exp_avg_sq"), Muon: ("exp_avg",)}
"""What each kind of optimiser keeps of a parameter; "step" is one number, the rest has the parameter's shape."""


def moments_of(net: nn.Module, optimisers: Sequence[torch.optim.Optimizer]) -> dict[str, Tensor]:
    """The state as "exp_avg.NAME", "exp_avg_sq.NAME" and "step.NAME"; empty before the first update."""
    out = {}
    for name, parameter in net.named_parameters():
        for optimiser in optimisers:
            for key, value in optimiser.state.get(parameter, {}).items():
                out[f"{key}.{name}"] = torch.as_tensor(value)
    return out


def load_moments(
    net: nn.Module, optimisers: Sequence[torch.optim.Optimizer], average: PowerAverage, checkpoint: Checkpoint
) -> None:
    """Put a checkpoint's tensors in place. Raises CheckpointError where names or shapes differ."""
    tensors = checkpoint.tensors
    refuse_misfit(tensors["weights"], net.state_dict(), "weights")
    refuse_misfit(tensors["average"], average.weights, "average")
    net.load_state_dict(dict(tensors["weights"]))
    average.load(dict(tensors["average"]))
    moments = tensors["moments"]
    if not moments:
        return
    names = {parameter: name for name, parameter in net.named_parameters()}
    for optimiser in optimisers:
        for parameter in (p for group in optimiser.param_groups for p in group["params"]):
            optimiser.state[parameter] = state_of(parameter, names[parameter], STATE[type(optimiser)], moments)


def state_of(parameter: Tensor, name: str, keys: Sequence[str], moments: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """One parameter's state, in its own memory format and on its device."""
    state: dict[str, Tensor] = {}
    for key in keys:
        value = moments.get(f"{key}.{name}")
        if value is None or (key != "step" and value.shape != parameter.shape):
            raise CheckpointError(
                f"the checkpoint's optimiser state does not fit the network at {name!r}; is the recipe another one?"
            )
        if key == "step":
            state[key] = value.to(parameter.device)
        else:
            state[key] = torch.zeros_like(parameter, memory_format=torch.preserve_format).copy_(value)
    return state


def refuse_misfit(found: Mapping[str, Tensor], wanted: Mapping[str, Tensor], what: str) -> None:
    """Raise CheckpointError for the first name or shape that differs."""
    odd = sorted(set(found) ^ set(wanted))
    if odd:
        raise CheckpointError(
            f"the checkpoint's {what} do not fit the network: {odd[0]!r} is in one of them only; is it another recipe?"
        )
    for name, value in wanted.items():
        if found[name].shape != value.shape:
            shapes = f"{list(found[name].shape)}, expected {list(value.shape)}"
            raise CheckpointError(
                f"the checkpoint's {what} do not fit the network: {name!r} is {shapes}; is the recipe another one?"
            )
