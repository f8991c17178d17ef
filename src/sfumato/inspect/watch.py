"""Look inside a network while it runs: attention maps and activations, without a line in the network.

    with watch(denoiser, "net.*cross*", sink):
        ...                                      # sink(name, weights [b n l m]) at every call of every matching layer

Names are module paths, patterns are those of the shell (* ? [abc], and * also crosses dots). A NetworkDenoiser's paths
begin with "net."; those of a bare module do not. Nothing is global: what is swapped belongs to the watched network, and
is put back when the block ends, also by an exception. Several watches may be open at once, on the same layers too.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TypeVar

from jaxtyping import Bool, Float
from torch import Tensor, nn

from sfumato.errors import RecipeError
from sfumato.nets.attention import Attention, Kernel, explicit
from sfumato.nets.frozen import thawed

Sink = Callable[[str, Tensor], None]
"""Takes the name of a module and what it computed; the tensor is the network's own, so it must not be changed."""

M = TypeVar("M", bound=nn.Module)

SHOWN = 40


@dataclass(frozen=True)
class Watched:
    """The kernel of an attention layer under observation: the value of `fused`, with the weights handed to the sink."""

    name: str
    sink: Sink
    before: Kernel

    def __call__(
        self,
        q: Float[Tensor, "b n l e"],
        k: Float[Tensor, "b n m e"],
        v: Float[Tensor, "b n m e"],
        mask: Bool[Tensor, "b m"] | None,
    ) -> Float[Tensor, "b n l e"]:
        """Attention with its weights formed."""
        value, weights = explicit(q, k, v, mask)
        self.tell(weights)
        return value

    def tell(self, weights: Float[Tensor, "b n l m"]) -> None:
        """Hand the weights to this sink, and to those of the watches around it."""
        if isinstance(self.before, Watched):
            self.before.tell(weights)
        self.sink(self.name, weights)


@contextmanager
def watch(target: object, pattern: str, sink: Sink) -> Iterator[tuple[str, ...]]:
    """Hand the attention weights [b n l m] of every matching layer to the sink; yields the matching paths.

    b is the batch as the network sees it: with guidance, the prompts first and their nulls after them. Each row over m
    sums to 1, and padded tokens have weight 0.

    Raises:
        RecipeError: no attention layer matches.
    """
    layers = _matching(target, pattern, Attention)
    before = {name: layer.kernel for name, layer in layers.items()}
    try:
        for name, layer in layers.items():
            layer.kernel = Watched(name, sink, layer.kernel)
        yield tuple(layers)
    finally:
        for name, layer in layers.items():
            layer.kernel = before[name]


@contextmanager
def watch_activations(target: object, pattern: str, sink: Sink) -> Iterator[tuple[str, ...]]:
    """Hand the output of every module whose path matches to the sink; yields the matching paths.

    Raises:
        RecipeError: no module matches.
    """
    found = _matching(target, pattern, nn.Module)
    handles = [module.register_forward_hook(_told(name, sink)) for name, module in found.items()]
    try:
        yield tuple(found)
    finally:
        for handle in handles:
            handle.remove()


def _told(name: str, sink: Sink) -> Callable[[nn.Module, tuple[object, ...], Tensor], None]:
    """A forward hook that hands the output on and changes nothing."""

    def hook(_module: nn.Module, _inputs: tuple[object, ...], output: Tensor) -> None:
        sink(name, output)

    return hook


def paths(target: object, kind: type[nn.Module] = Attention) -> tuple[str, ...]:
    """What can be watched: the path of every module of a kind, by default of the attention layers, in order."""
    return tuple(modules(target, kind))


def modules(target: object, kind: type[M]) -> dict[str, M]:
    """Every module of a kind inside a network, by its path. Raises RecipeError where the target holds no network."""
    net, prefix = (target, "") if isinstance(target, nn.Module) else (getattr(target, "net", None), "net.")
    net = thawed(net)
    if not isinstance(net, nn.Module):
        raise RecipeError(
            f"{type(target).__name__} cannot be watched: expected a torch module, or a denoiser whose `net` is one"
        )
    return {prefix + path: module for path, module in net.named_modules() if path and isinstance(module, kind)}


def _matching(target: object, pattern: str, kind: type[M]) -> dict[str, M]:
    inside = modules(target, kind)
    found = {path: module for path, module in inside.items() if fnmatchcase(path, pattern)}
    if not found:
        more = f" and {len(inside) - SHOWN} more" if len(inside) > SHOWN else ""
        names = ", ".join(list(inside)[:SHOWN]) or "none"
        raise RecipeError(f"no {kind.__name__} matches {pattern!r}; this network has: {names}{more}")
    return found
