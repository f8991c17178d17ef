"""Cut a U-Net's connections while it runs: single skips, or all that comes from its middle. Nothing is left cut.

    with cut(denoiser, skips={0}, middle=False):
        ...                                      # the network, without its finest skip

A skip is numbered by where it begins: 0 is the one from conv_in, the last is the deepest. What is cut arrives as zeros,
so that every layer after it still gets the shape it expects.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sfumato.errors import RecipeError
from sfumato.inspect.kind import network_of
from sfumato.nets.blocks import ResBlock
from sfumato.nets.stages import DownStage, UpStage
from sfumato.nets.unet import UNet


@dataclass(frozen=True)
class Skip:
    """One skip connection: the paths of the modules that it leads from and to, and the channels it carries."""

    source: str
    target: str
    channels: int


def unet_of(denoiser: object) -> UNet:
    """The U-Net that a denoiser asks. Raises RecipeError where it is none."""
    return network_of(denoiser, UNet, "skips to cut")


def skips_of(net: UNet) -> list[Skip]:
    """Every skip, the finest first. A source's path names its block's attention where it has one."""
    sources: list[tuple[str, int]] = [("conv_in", net.conv_in.out_channels)]
    targets: list[str] = []
    for level, down in enumerate(stage for stage in net.down if isinstance(stage, DownStage)):
        part = "attend" if len(down.attend) else "blocks"
        for k, block in enumerate(block for block in down.blocks if isinstance(block, ResBlock)):
            sources.append((f"down.{level}.{part}.{k}", block.conv2.out_channels))
        if down.downsample is not None:
            sources.append((f"down.{level}.downsample", sources[-1][1]))
    for level, up in enumerate(stage for stage in net.up if isinstance(stage, UpStage)):
        targets += [f"up.{level}.blocks.{k}" for k in range(len(up.blocks))]
    return [Skip(path, to, channels) for (path, channels), to in zip(sources, reversed(targets), strict=True)]


@contextmanager
def cut(denoiser: object, *, skips: Collection[int] = (), middle: bool = False) -> Iterator[None]:
    """Zeros in place of what those skips, or the middle, would bring.

    Raises:
        RecipeError: no such skip, or no U-Net.
    """
    net, chosen = unet_of(denoiser), sorted(set(skips))
    known = skips_of(net)
    for number in chosen:
        if not 0 <= number < len(known):
            raise RecipeError(f"no skip {number}; this network has 0..{len(known) - 1}")
    with ExitStack() as undo:
        for number in chosen:
            block = net.get_submodule(known[number].target)
            undo.callback(block.register_forward_pre_hook(_without_last(known[number].channels)).remove)
        if middle:
            undo.callback(net.mid.register_forward_hook(_nothing).remove)
        yield


def _without_last(channels: int) -> Callable[[nn.Module, tuple[Tensor, ...]], tuple[Tensor, ...]]:
    def hook(_module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        h, *others = inputs
        return (torch.cat([h[:, :-channels], torch.zeros_like(h[:, -channels:])], dim=1), *others)

    return hook


def _nothing(_module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
    return torch.zeros_like(output)
