"""A transformer from inside: what its blocks make of a noisy photo, how open their gates are, what a branch is for.

What is measured is one answer of the network, watched: nothing in it changes but what is switched off.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sfumato.arrays import as_numpy
from sfumato.guidance import ClassifierFree
from sfumato.inspect.branches import branches_of, dit_of, gates_of, switched_off
from sfumato.inspect.numbers import rms
from sfumato.inspect.timing import Timed, timing
from sfumato.inspect.watch import watch_activations
from sfumato.model import Model
from sfumato.nets.cost import counting, within
from sfumato.nets.dit import DiT
from sfumato.pipeline import encode
from sfumato.studio.denoise import Answer, decoded, there
from sfumato.studio.xray import Block, Compared

FIRST = "embed_patch"
"""Where patches become vectors: what the first block is given, but for added positions."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Branch:
    """One branch of a block: its path, numbers trained, multiplications and milliseconds of one answer.

    gate: mean absolute size of what its answer is multiplied by at this noise level; None where there is no gate.
    adds: root mean square of what it adds to the tokens, its answer times its gate.
    """

    path: str
    gate: float | None
    adds: float
    parameters: int
    multiplications: int
    ms: float

    @property
    def part(self) -> str:
        """self_attn, cross_attn or ff."""
        return self.path.rpartition(".")[2]


@dataclass(frozen=True, eq=False, kw_only=True)
class Layer(Block):
    """One block: its tokens laid out on the grid of patches, and its branches in the order in which they add."""

    multiplications: int
    branches: tuple[Branch, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class Stack(Compared):
    """The patches and then the blocks in running order, and the guess with and without what was switched off."""

    layers: list[Layer]

    def gates(self, k: int) -> dict[str, float]:
        """The gates of layer k by branch: gate_self_attn, gate_ff; the patches have none."""
        return {f"gate_{each.part}": each.gate for each in self.layers[k].branches if each.gate is not None}


def stack(model: Model, answer: Answer, *, prompt: str = "", off: Collection[str] = ()) -> Stack:
    """Ask a DiT once more about answer.x_t, with branches off (paths as in `branches_of`) and its blocks watched.

    Raises:
        RecipeError: the network is no DiT, or has no such branch.
    """
    bundle, net = model.bundle, dit_of(model.bundle.denoiser)
    cond, null = (encode(bundle.conditioner, [words]) for words in (prompt, ""))
    x_t, found = there(model, answer.x_t)[None], {}

    def sink(path: str, output: Tensor) -> None:
        found[path.removeprefix("net.")] = output

    with (
        torch.no_grad(),
        switched_off(bundle.denoiser, off),
        watch_activations(bundle.denoiser, "net.*", sink),
        counting(net) as counts,
        timing(bundle.denoiser) as timed,
    ):
        belief = ClassifierFree(scale=1.0)(bundle.denoiser, x_t, answer.level, cond, null)
    seen = Seen(net, found, counts, {each.path.removeprefix("net."): each for each in timed}, x_t.shape[-2:])
    x0_hat = as_numpy(belief.x0_hat)[0]
    layers = [seen.layer(FIRST), *(seen.layer(f"blocks.{k}") for k in range(len(net.blocks)))]
    moved = rms(x0_hat - answer.x0_hat)
    return Stack(layers=layers, x0_hat=x0_hat, whole=answer.guess, guess=decoded(model, belief.x0_hat), moved=moved)


@dataclass(frozen=True, eq=False)
class Seen:
    """What was seen of one answer, by path: outputs, multiplications, times; size: of the latents."""

    net: DiT
    outputs: Mapping[str, Tensor]
    counts: Counter[str]
    timed: Mapping[str, Timed]
    size: torch.Size

    def layer(self, path: str) -> Layer:
        """A block, or the patches."""
        height, width = (side // self.net.patch for side in self.size)
        tokens = as_numpy(self.outputs[path].float())[0]
        activations = np.ascontiguousarray(tokens.T.reshape(-1, height, width))
        inside = [branch for branch in branches_of(self.net) if branch.startswith(f"{path}.")]
        gates = gates_of(self.outputs[f"{path}.modulation"]) if inside else {}
        branches = tuple(self._branch(branch, gates.get(branch.rpartition(".")[2])) for branch in inside)
        return Layer(
            path=path, activations=activations, parameters=self.timed[path].numbers,
            multiplications=within(self.counts, path), ms=1000.0 * self.timed[path].seconds, branches=branches,
        )  # fmt: skip

    def _branch(self, path: str, gate: Tensor | None) -> Branch:
        answer = self.outputs[path][:1].float()
        return Branch(
            path=path,
            gate=None if gate is None else float(gate[:1].float().abs().mean()),
            adds=rms(answer if gate is None else gate[:1, None].float() * answer),
            parameters=self.timed[path].numbers,
            multiplications=within(self.counts, path),
            ms=1000.0 * self.timed[path].seconds,
        )
