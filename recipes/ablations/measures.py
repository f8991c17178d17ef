"""What is measured of a run of the yardstick: numbers that mean the same whatever the network was asked for.

error[lam]   mean |x0_hat - x_0|^2 on held-out rows at a fixed half log-SNR lam = log(alpha / sigma): the same picture,
             noise and ratio of the two for every schedule and parameterisation; x0_hat is clipped to [-1, 1], as
             it is when drawing
error        the geometric mean over LAMS, so that every level counts alike
caption      by how much `error` grows with another row's caption in the place of the own one (train/sensitivity.py)
kid[w]       KID-EffLite0 x 1000 of pictures drawn for held-out prompts under guidance w (DDIM, STEPS steps) against the
             real ones of the same rows, both brought from 32 to 128 px in the same way

All on `tune`, in hash order: the first `ROWS` rows are measured, the `CHOICE` rows after them serve choices.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float64, Int64, UInt8
from PIL import Image
from torch import nn

from sfumato import rng
from sfumato.corpus.prompt import plain_prompt
from sfumato.corpus.rows import Row
from sfumato.denoiser import NetworkDenoiser
from sfumato.evaluate.features import SIZE, Features
from sfumato.evaluate.interval import Counts, resamples
from sfumato.evaluate.kid import thousandths
from sfumato.evaluate.pairs import family_of, floor_of, hash_order
from sfumato.guidance import ClassifierFree
from sfumato.process.grid import GRIDS
from sfumato.process.prediction import Prediction
from sfumato.process.schedule import Level
from sfumato.samplers.ddim import DDIM
from sfumato.train.denoiser_task import DenoiserTask
from sfumato.train.looking import Precise
from sfumato.train.posthoc import average_of
from sfumato.train.sensitivity import other_prompts
from sfumato.train.store import Store

LAMS = (-4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
ROWS, CHOICE = 192, 96
GUIDANCES = (1.0, 3.0)
STEPS, BATCH, SEED = 16, 64, 2026
WIDTHS = (0.045, 0.055, 0.07, 0.1, 0.14)
"""Of the average, where it is chosen after training."""


@dataclass(frozen=True, eq=False)
class Held:
    """Held-out rows as a store's numbers, with what is told of them."""

    store: Store
    places: Int64[np.ndarray, " n"]
    rows: Sequence[Row]

    def part(self, start: int) -> Int64[np.ndarray, " b"]:
        """The numbers of one batch."""
        return self.places[start : start + BATCH]


def held(task: DenoiserTask, first: int, count: int) -> Held:
    """`count` held-out rows from number `first` of the hash order on."""
    store, rows = task.val
    places = hash_order(rows)[first : first + count]
    return Held(store, places, [rows[p] for p in places])


def load(net: nn.Module, weights: Mapping[str, torch.Tensor]) -> nn.Module:
    """The network with these weights, ready to be asked."""
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            parameter.copy_(weights[name])
    return net.eval()


def denoiser_of(task: DenoiserTask, net: nn.Module) -> NetworkDenoiser:
    """The network's beliefs."""
    return NetworkDenoiser(Precise(net, task.dtype, task.device), task.noising.parameterisation, task.noising.clock)


def clipped(belief: Prediction) -> Prediction:
    """The belief with a picture that there can be."""
    return Prediction.from_x0(belief.x_t, belief.level, belief.x0_hat.clamp(-1.0, 1.0))


@torch.no_grad()
def errors(task: DenoiserTask, net: nn.Module, rows: Held, prompts: Sequence[str]) -> Float64[np.ndarray, "k n"]:
    """|x0_hat - x_0|^2 of each row at each of LAMS; the noise is a function of the row and the level."""
    denoiser, schedule = denoiser_of(task, net), task.noising.schedule
    out = np.empty((len(LAMS), len(rows.rows)))
    for start in range(0, len(rows.rows), BATCH):
        part = rows.part(start)
        x_0, cond = rows.store.mean(part, np.zeros(len(part), bool)), task.encode(prompts[start : start + BATCH])
        for k, lam in enumerate(LAMS):
            noise = [rng.normal(SEED, rows.store.shape, stream=rng.TRAIN_NOISE, step=int(r), draw=k) for r in part]
            level, eps = schedule(float(schedule.t_of_lam(lam))), torch.from_numpy(np.stack(noise))
            belief = clipped(denoiser(level.alpha * x_0 + level.sigma * eps, level, cond))
            out[k, start : start + BATCH] = (belief.x0_hat - x_0).square().mean(dim=(1, 2, 3)).double().numpy()
    return out


def geometric(by_level: Float64[np.ndarray, "k n"]) -> float:
    """The geometric mean over levels of the mean over rows."""
    return float(np.exp(np.log(by_level.mean(axis=1)).mean()))


def chosen_width(task: DenoiserTask, net: nn.Module, averages: Path) -> float:
    """The width of the average with the least error on the rows for choices."""
    rows = held(task, ROWS, CHOICE)
    prompts = [plain_prompt(row) for row in rows.rows]
    found = {w: geometric(errors(task, load(net, average_of(averages, w)), rows, prompts)) for w in WIDTHS}
    return min(found, key=lambda width: found[width])


@torch.no_grad()
def drawn(task: DenoiserTask, net: nn.Module, rows: Held, scale: float) -> UInt8[np.ndarray, "n h w 3"]:
    """A picture for each row's prompt, row k from seed k."""
    denoiser, guidance = denoiser_of(task, net), ClassifierFree(scale=scale)
    levels = tuple(GRIDS["trailing"](task.noising.schedule, STEPS))
    pictures = []
    for start in range(0, len(rows.rows), BATCH):
        prompts = [plain_prompt(row) for row in rows.rows[start : start + BATCH]]
        cond, null = task.encode(prompts), task.encode([""] * len(prompts))
        noise = rng.PerSample(tuple(range(start, start + len(prompts))))
        x = noise.initial(rows.store.shape, torch.empty(0)) * float(np.hypot(levels[0].alpha, levels[0].sigma))

        def denoise(x_t: torch.Tensor, level: Level, /, cond: Any = cond, null: Any = null) -> Prediction:
            return clipped(guidance(denoiser, x_t, level, cond, null))

        for step in DDIM()(denoise, x, levels, noise):
            x = step.x_next
        pictures.append(((x.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy())
    return np.concatenate(pictures)


def enlarged(pictures: UInt8[np.ndarray, "n h w 3"]) -> UInt8[np.ndarray, "n s s 3"]:
    """At the size of the ruler."""
    resample = Image.Resampling.BICUBIC
    return np.stack([np.asarray(Image.fromarray(p).resize((SIZE, SIZE), resample)) for p in pictures])


def measured(task: DenoiserTask, net: nn.Module, features: Features) -> tuple[dict[str, Any], np.ndarray]:
    """All numbers of one network, and the first of its pictures under the larger guidance.

    The floor is that of the first corpus, whatever stands beside it.
    """
    rows = held(task, 0, ROWS)
    other = other_prompts(rows.rows, SEED)
    own = errors(task, net, rows, [plain_prompt(row) for row in rows.rows])
    families = [family_of(row) for row in rows.rows]
    pictures = {w: drawn(task, net, rows, w) for w in GUIDANCES}
    real = features(enlarged(shown(rows.store, rows.places)))
    floor = features(enlarged(shown(task.stores[0], floor_of(rows.rows, task.rows[0]))))
    beside = (real, families, resamples(families))
    numbers = {
        "lams": LAMS,
        "error_by_lam": own.mean(axis=1).tolist(),
        "error": geometric(own),
        "caption": None if other is None else geometric(errors(task, net, rows, other)) / geometric(own) - 1.0,
        "kid": {str(w): distance(features(enlarged(made)), *beside) for w, made in pictures.items()},
        "kid_floor": distance(floor, *beside),
    }
    return numbers, pictures[GUIDANCES[-1]][:64]


def distance(made: np.ndarray, real: np.ndarray, families: Sequence[str], counts: Counts) -> list[float]:
    """KID of features in thousandths with its interval, to two digits."""
    found = thousandths(made, real, families, counts)[0]
    return [round(value, 2) for value in (found.value, found.low, found.high)]


def shown(store: Store, places: Int64[np.ndarray, " n"]) -> UInt8[np.ndarray, "n h w 3"]:
    """Real pictures as bytes."""
    x_0 = store.mean(places, np.zeros(len(places), bool))
    return ((x_0 + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
