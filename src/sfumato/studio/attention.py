"""Where a network looks for each word, and whether that is where the word matters: maps checked by hiding the word."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32, Float64, UInt8

from sfumato.arrays import as_numpy
from sfumato.conditioner import Conditioning
from sfumato.errors import RecipeError
from sfumato.inspect.numbers import rms
from sfumato.inspect.watch import paths, watch
from sfumato.model import Model
from sfumato.pipeline import encode
from sfumato.process.forward import jump
from sfumato.process.prediction import Prediction
from sfumato.process.schedule import Level
from sfumato.studio.denoise import with_noise

CROSS = "*cross*"
"""The layers in which places attend to words (inspect.watch)."""

Map = Float64[np.ndarray, "h w"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Looked:
    """One answer of the network with all its looking.

    layers: by path, the weights of each head, token and place, which sum to 1 over the tokens of a place. changes: for
    each token the change of x0_hat where it is hidden, root mean square over the channels.
    """

    tokens: tuple[str, ...]
    belief: Prediction
    layers: Mapping[str, Float32[np.ndarray, "n m h w"]]
    changes: Float32[np.ndarray, "m h w"]

    def map(self, token: int, layer: str | None = None, head: int | None = None) -> Map:
        """Weights on one token: of a layer or the mean of all, of a head or the mean of all, on the finest grid."""
        chosen = self.layers.values() if layer is None else [self.layers[layer]]
        side = max(each.shape[-1] for each in self.layers.values())
        maps = [(each[:, token].mean(0) if head is None else each[head, token]).astype(np.float64) for each in chosen]
        return np.mean([np.kron(each, np.ones((side // each.shape[-1],) * 2)) for each in maps], axis=0)

    def change(self, token: int) -> Map:
        """The mean change in each place of the maps' grid."""
        side = max(each.shape[-1] for each in self.layers.values())
        whole = self.changes[token].astype(np.float64)
        by = whole.shape[-1] // side
        return whole.reshape(whole.shape[0] // by, by, side, by).mean((1, 3))

    def numbers(self, token: int, layer: str | None = None, head: int | None = None) -> dict[str, float]:
        """What a map is like, and whether it tells what the token does.

        share: of all looking that goes to the token. peak: its largest weight. rank: Spearman's correlation of the map
        with the change. change: its size, root mean square.
        """
        found, change = self.map(token, layer, head), self.changes[token].astype(np.float64)
        return {
            "share": float(found.mean()),
            "peak": float(found.max()),
            "rank": spearman(found.ravel(), self.change(token).ravel()),
            "change": rms(change),
        }


def look(model: Model, photo: UInt8[np.ndarray, "h w 3"], *, seed: int, i: int, prompt: str) -> Looked:
    """Ask about a photo with the noise of step i, watch every cross-attention, then hide each token in turn.

    A hidden token is masked: no place can attend to it, and it is left out of the mean of all tokens too, where the
    network is told of that.

    Raises:
        RecipeError: a network without cross-attention.
    """
    (x_0, eps), level = with_noise(model, photo, seed), model.bundle.schedule.at(i)
    return looked_at(model, jump(x_0, eps, level), level, encode(model.bundle.conditioner, [prompt]))


def looked_at(model: Model, x_t: Float32[torch.Tensor, "1 c h w"], level: Level, cond: Conditioning) -> Looked:
    """The same about a state that is there already. Raises RecipeError for a network without cross-attention."""
    bundle = model.bundle
    refuse_wordless(bundle.denoiser)
    seen: dict[str, np.ndarray] = {}
    count = len(cond.words[0])

    def sink(name: str, weights: Any) -> None:
        seen[name] = laid_out(as_numpy(weights)[0, :, :, :count], x_t.shape[-2:])

    with torch.no_grad():
        with watch(bundle.denoiser, CROSS, sink):
            belief = bundle.denoiser(x_t, level, cond)
        without = bundle.denoiser(x_t.expand(count, -1, -1, -1), level, hidden(cond, count))
    gap = as_numpy(without.x0_hat) - as_numpy(belief.x0_hat)
    return Looked(tokens=cond.words[0], belief=belief, layers=seen, changes=np.sqrt((gap**2).mean(1)))


def refuse_wordless(denoiser: object) -> None:
    """Raises RecipeError, in one line, where the network has no cross-attention."""
    if not any(fnmatchcase(path, CROSS) for path in paths(denoiser)):
        raise RecipeError("this network looks at no words: it has no cross-attention to show")


def hidden(cond: Conditioning, count: int) -> Conditioning:
    """The same prompt `count` times, with token k hidden from row k."""
    own = torch.eye(count, cond.mask.shape[1], dtype=torch.bool, device=cond.mask.device)
    pooled, dials = (None if each is None else each.repeat(count, 1) for each in (cond.pooled, cond.dials))
    tokens, words = cond.tokens.repeat(count, 1, 1), cond.words * count
    return replace(cond, tokens=tokens, mask=cond.mask.repeat(count, 1) & ~own, words=words, pooled=pooled, dials=dials)


def laid_out(weights: Float[np.ndarray, "n l m"], size: tuple[int, int] | torch.Size) -> Float32[np.ndarray, "n m h w"]:
    """The places of each map in rows: as many times coarser than the latents along both sides."""
    heads, places, tokens = weights.shape
    by = round((size[0] * size[1] / places) ** 0.5)
    return np.ascontiguousarray(weights.transpose(0, 2, 1).reshape(heads, tokens, size[0] // by, size[1] // by))


def spearman(a: Float64[np.ndarray, " n"], b: Float64[np.ndarray, " n"]) -> float:
    """The correlation of ranks, equal numbers sharing their mean rank (Spearman 1904); 0 where one does not vary."""
    one, other = (ranks(x) - (len(x) - 1) / 2.0 for x in (a, b))
    lengths = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / lengths if lengths > 0.0 else 0.0


def ranks(x: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    """Mean ranks from 0."""
    _, where, counts = np.unique(x, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts + 1) / 2.0)[where]
