"""Switch off branches of a DiT while it runs: attention, cross-attention or feed-forward of single blocks.

    with switched_off(denoiser, {"blocks.3.cross_attn"}):
        ...                                      # the network, with nothing added by that branch

A block adds what its branches answer to what came in, so a branch that is off lets its input through unchanged. It is
computed all the same, and zeros are put in the place of its answer. Nothing is left off.
"""

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sfumato.choices import near
from sfumato.errors import RecipeError
from sfumato.inspect.kind import network_of
from sfumato.nets.dit import DiT

PARTS = ("self_attn", "cross_attn", "ff")
"""The branches of a block in the order in which they add, as `DiTBlock` names them."""


def dit_of(denoiser: object) -> DiT:
    """The transformer that a denoiser asks. Raises RecipeError where it is none."""
    return network_of(denoiser, DiT, "branches to switch off")


def branches_of(net: DiT) -> list[str]:
    """The path of every branch, block by block; a network without text has no cross-attention."""
    return [
        f"blocks.{k}.{part}"
        for k, block in enumerate(net.blocks)
        for part in PARTS
        if getattr(block, part, None) is not None
    ]


def gates_of(modulation: Float[Tensor, "n e"]) -> dict[str, Float[Tensor, "n d"]]:
    """What adaLN multiplies the branches' answers by, from what a block's `modulation` answered.

    Cross-attention has no gate: it is not in the answer.
    """
    _, _, attention, _, _, feed_forward = modulation.chunk(6, dim=1)
    return {"self_attn": attention, "ff": feed_forward}


@contextmanager
def switched_off(denoiser: object, paths: Collection[str]) -> Iterator[None]:
    """Zeros in place of what those branches answer.

    Raises:
        RecipeError: no such branch, or no DiT.
    """
    net, chosen = dit_of(denoiser), sorted(set(paths))
    known = branches_of(net)
    for path in chosen:
        if path not in known:
            raise RecipeError(f"no branch {path!r}; {near(path, known)}")
    with ExitStack() as undo:
        for path in chosen:
            undo.callback(net.get_submodule(path).register_forward_hook(_nothing).remove)
        yield


def _nothing(_module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
    return torch.zeros_like(output)
