"""A U-Net from inside: what each block makes of a noisy photo, and what is left of the guess when links are cut."""

import time
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32

from sfumato.arrays import as_numpy
from sfumato.guidance import ClassifierFree
from sfumato.inspect.numbers import rms
from sfumato.inspect.scissors import cut, skips_of, unet_of
from sfumato.inspect.watch import watch_activations
from sfumato.model import Model
from sfumato.nets.stages import UpStage
from sfumato.nets.unet import UNet
from sfumato.pipeline import encode
from sfumato.studio.denoise import Answer, Latents, Picture, decoded, there
from sfumato.studio.film import agreement

Map = Float32[np.ndarray, "c h w"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Block:
    """One block: its path in the network, the numbers it was trained, its activations, the milliseconds it took."""

    path: str
    parameters: int
    activations: Map
    ms: float

    @property
    def strength(self) -> float:
        """Root mean square of the activations."""
        return rms(self.activations)


@dataclass(frozen=True, eq=False, kw_only=True)
class Compared:
    """The guess with and without what was taken away; x0_hat is the one without."""

    x0_hat: Latents
    whole: Picture
    guess: Picture
    moved: float

    def numbers(self) -> dict[str, float]:
        """moved: distance of the two guesses' latents, root mean square. coarse, fine: what the pictures still share.

        coarse is the agreement (film.py) of one wave across the picture, fine that of the finest band.
        """
        rungs = agreement(self.guess, self.whole)
        return {"moved": self.moved, "coarse": float(rungs[0]), "fine": float(rungs[-1])}


@dataclass(frozen=True, eq=False, kw_only=True)
class XRay(Compared):
    """The blocks in the order in which they ran, and the guess with and without what was cut."""

    blocks: list[Block]


def xray(model: Model, answer: Answer, *, prompt: str = "", skips: Collection[int] = (), middle: bool = False) -> XRay:
    """Ask the network once more about answer.x_t, with its links cut and its blocks watched.

    Raises:
        RecipeError: the network is no U-Net, or has no such skip.
    """
    bundle, net = model.bundle, unet_of(model.bundle.denoiser)
    cond, null = (encode(bundle.conditioner, [words]) for words in (prompt, ""))
    x_t = there(model, answer.x_t)[None]
    wanted, found = dict.fromkeys(stations(net)), {}

    def sink(path: str, output: torch.Tensor) -> None:
        path = path.removeprefix("net.")
        if path in wanted:
            found[path] = (time.perf_counter(), as_numpy(output[0].float()).copy())

    with torch.no_grad(), cut(bundle.denoiser, skips=skips, middle=middle):
        begin = time.perf_counter()
        with watch_activations(bundle.denoiser, "net.*", sink):
            belief = ClassifierFree(scale=1.0)(bundle.denoiser, x_t, answer.level, cond, null)
    blocks = []
    for path, (at, activations) in found.items():
        module, ms, begin = net.get_submodule(path), 1000.0 * (at - begin), at
        size = sum(p.numel() for p in _whole(net, path, module).parameters())
        blocks.append(Block(path=path, parameters=size, activations=activations, ms=ms))
    x0_hat = as_numpy(belief.x0_hat)[0]
    moved = rms(x0_hat - answer.x0_hat)
    return XRay(blocks=blocks, x0_hat=x0_hat, whole=answer.guess, guess=decoded(model, belief.x0_hat), moved=moved)


def stations(net: UNet) -> list[str]:
    """The modules whose output is shown: where each skip begins, the middle, each block upwards, in running order."""
    up = []
    for level, stage in enumerate(stage for stage in net.up if isinstance(stage, UpStage)):
        part = "attend" if len(stage.attend) else "blocks"
        up += [f"up.{level}.{part}.{k}" for k in range(len(stage.blocks))]
    return [*(skip.source for skip in skips_of(net)), "mid", *up]


def in_colour(activations: Map) -> Float32[np.ndarray, "3 h w"]:
    """The three directions in which the cells differ most (their principal components) as red, green and blue.

    Each in [-1, 1], three standard deviations wide, its sign such that its largest weight is positive.
    """
    c, h, w = activations.shape
    cells = activations.reshape(c, -1).astype(np.float64)
    cells = cells - cells.mean(1, keepdims=True)
    directions, sizes, places = np.linalg.svd(cells, full_matrices=False)
    count = min(3, len(sizes))
    signs = np.sign([column[np.argmax(np.abs(column))] for column in directions.T[:count]])
    shown = np.zeros((3, h * w))
    shown[:count] = signs[:, None] * places[:count] * np.sqrt(h * w) / 3.0
    return np.clip(shown, -1.0, 1.0).astype(np.float32).reshape(3, h, w)


def strongest(activations: Map, count: int = 12) -> Map:
    """The channels with the largest root mean square, the largest first."""
    order = np.argsort(-np.mean(activations.astype(np.float64) ** 2, axis=(1, 2)), kind="stable")
    return activations[order[:count]]


def _whole(net: UNet, path: str, module: torch.nn.Module) -> torch.nn.ModuleList:
    """A block with its attention, where the path names that."""
    blocks = path.replace("attend", "blocks")
    return torch.nn.ModuleList([module] if blocks == path else [net.get_submodule(blocks), module])
