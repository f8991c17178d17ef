"""The network of one kind that a denoiser asks, for what only that kind has."""

from typing import TypeVar

from torch import nn

from sfumato.errors import RecipeError
from sfumato.nets.frozen import thawed

Net = TypeVar("Net", bound=nn.Module)


def network_of(denoiser: object, kind: type[Net], has: str) -> Net:
    """The network inside a denoiser, frozen or not. has: what only this kind has. Raises RecipeError for another."""
    net = thawed(getattr(denoiser, "net", denoiser))
    if not isinstance(net, kind):
        raise RecipeError(f"the network is a {type(net).__name__}; only a {kind.__name__} has {has}")
    return net
