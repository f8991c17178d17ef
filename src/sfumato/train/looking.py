"""How a denoiser in training is looked at: its loss on val rows with fixed noise, and a sheet of samples."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import UInt8
from torch import nn

from sfumato import rng
from sfumato.alpha import shown
from sfumato.autoencoder import Autoencoder
from sfumato.choices import choose
from sfumato.conditioner import Conditioning
from sfumato.corpus.prompt import plain_prompt
from sfumato.corpus.rows import Row
from sfumato.denoiser import NetworkDenoiser
from sfumato.guidance import ClassifierFree, Guidance
from sfumato.options import whole_threshold
from sfumato.process.grid import GRIDS
from sfumato.process.schedule import Level
from sfumato.samplers import SAMPLERS
from sfumato.samplers.base import Sampler
from sfumato.thresholding import bounded
from sfumato.train.denoising import Denoising
from sfumato.train.events import HeldOut
from sfumato.train.precision import autocast
from sfumato.train.recipe import Watch
from sfumato.train.sensitivity import other_prompts, sensitivity
from sfumato.train.store import Store

LOOKING = 2026
"""The seed of everything drawn here: the same for every run, so that two runs can be compared."""
BATCH = 64

Others = Callable[[Sequence[Row], int], list[str] | None]
"""Other prompts for rows, drawn from a seed; None where there are none."""


class Precise(nn.Module):
    """A network run in the training's number format, for samplers and teachers; shapes as any Network."""

    def __init__(self, net: nn.Module, dtype: torch.dtype, device: torch.device) -> None:
        super().__init__()
        self.net, self.dtype, self.device = net, dtype, device

    def forward(
        self, x: torch.Tensor, c_noise: object, tokens: object, mask: object, pooled: object, *dials: object
    ) -> torch.Tensor:
        """The answer in float32."""
        with autocast(self.dtype, self.device):
            return self.net(x, c_noise, tokens, mask, pooled, *dials).float()


@dataclass(frozen=True, eq=False)
class Way:
    """How a sheet is drawn."""

    sampler: Sampler
    guidance: Guidance
    grid: str


def way_of(watch: Watch) -> Way:
    """How a recipe's watch draws. Raises RecipeError for a sampler or a threshold that there is not."""
    guidance = ClassifierFree(scale=watch.guidance)
    bounds = whole_threshold(watch.threshold)
    sampler = choose(SAMPLERS, watch.sampler, "watch.sampler")
    return Way(sampler, bounded(guidance, bounds) if bounds else guidance, "trailing")


@torch.no_grad()
def held_out(
    task: Denoising,
    net: nn.Module,
    store: Store,
    rows: Sequence[Row],
    watch: Watch,
    images: int,
    others: Others | None = other_prompts,
) -> HeldOut:
    """The loss at `watch.bins` noise levels t = (k + 1/2) / bins and at t = 1, over `watch.heldout_rows` rows.

    The noise is fixed. At t = 1, where every picture begins, nothing but the caption tells of the picture.

    Where the rows have different captions, the same with each row under another one's caption (train/sensitivity.py);
    that is half of the work, and left out with `others` None.
    """
    chosen = np.sort(rng.permutation(LOOKING, len(store), 0)[: watch.heldout_rows])
    levels = (*((k + 0.5) / watch.bins for k in range(watch.bins)), 1.0)
    own = [plain_prompt(rows[r]) for r in chosen]
    other = others([rows[r] for r in chosen], LOOKING) if others else None
    sides = [own] if other is None else [own, other]
    errors = np.empty((len(sides), len(levels), len(chosen)))
    for start in range(0, len(chosen), BATCH):
        part = chosen[start : start + BATCH]
        x_0 = store.mean(part, np.zeros(len(part), bool)).to(task.device)
        conds = [task.encode(prompts[start : start + BATCH]) for prompts in sides]
        for k, t in enumerate(levels):
            noise = np.stack(
                [rng.normal(LOOKING, store.shape, stream=rng.TRAIN_NOISE, step=int(r), draw=k) for r in part]
            )
            eps, level = torch.from_numpy(noise).to(task.device), task.noising.everywhere(t, len(part), task.device)
            for side, cond in enumerate(conds):
                errors[side, k, start : start + BATCH] = task.errors(net, x_0, eps, level, cond).cpu().numpy()
    return HeldOut(
        images=images,
        levels=levels,
        loss=tuple(errors[0].mean(axis=1).tolist()),
        error=tuple((errors[0].std(axis=1) / len(chosen) ** 0.5).tolist()),
        caption=None if other is None else sensitivity(errors[0], errors[1]),
    )


@torch.no_grad()
def sheet(
    task: Denoising, net: nn.Module, autoencoder: Autoencoder, watch: Watch, way: Way | None = None
) -> UInt8[np.ndarray, "H W 3"]:
    """`watch.prompts` drawn as `watch` says, or another way, prompt k from seed k, in rows of eight."""
    way = way or way_of(watch)
    denoiser = NetworkDenoiser(Precise(net, task.dtype, task.device), task.noising.parameterisation, task.noising.clock)
    levels = tuple(GRIDS[way.grid](task.noising.schedule, watch.steps))
    pictures = []
    for start in range(0, len(watch.prompts), BATCH):
        prompts = watch.prompts[start : start + BATCH]
        noise = rng.PerSample(tuple(range(start, start + len(prompts))))
        x = noise.initial(task.stores[0].shape, torch.empty(0, device=task.device))
        cond, null = task.encode(prompts), task.encode([""] * len(prompts))
        x = x * float(np.hypot(levels[0].alpha, levels[0].sigma))
        x = drawn(denoiser, levels, x, cond, null, way, noise)
        pictures.append(shown(autoencoder.decode(x).float().cpu()))
    return tiled(((torch.cat(pictures).clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy())


def drawn(
    denoiser: NetworkDenoiser,
    levels: Sequence[Level],
    x: torch.Tensor,
    cond: Conditioning,
    null: Conditioning,
    way: Way,
    noise: rng.PerSample,
) -> torch.Tensor:
    """The last state of a run."""
    for step in way.sampler(lambda x_t, level, /: way.guidance(denoiser, x_t, level, cond, null), x, levels, noise):
        x = step.x_next
    return x


def tiled(pictures: UInt8[np.ndarray, "n h w 3"], columns: int = 8) -> UInt8[np.ndarray, "H W 3"]:
    """Pictures in rows of `columns`, two white pixels apart."""
    n, height, width, _ = pictures.shape
    columns = min(columns, n)
    out = np.full((-(-n // columns) * (height + 2), columns * (width + 2), 3), 255, np.uint8)
    for k, picture in enumerate(pictures):
        top, left = k // columns * (height + 2), k % columns * (width + 2)
        out[top : top + height, left : left + width] = picture
    return out
