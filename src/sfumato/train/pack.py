"""A corpus as a small file to carry to another machine: 8-bit latents and captions, instead of pictures.

PACK/pack.json  train.xz  val.xz  rows.json.xz

A latent z (scaled to unit variance) is stored as round(z / step), clipped to [-127, 127], in the order [n, h, w, c],
compressed losslessly. With s the autoencoder's posterior spread of a channel (the mean over the first split), its step
is sqrt(12) s, but not below STEP: the rounding's error, step / sqrt(12), is then as large as the spread that training
draws from anyway; more precision is noise that nothing compresses. What the rounding adds is taken off what training
adds, so that the variance of what it draws is the same:

    std^2 = max(0, s^2 + E[z^2] - E[(step round(z / step))^2]).
"""

import hashlib
import json
import lzma
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float32, Float64, Int8, Int64

from sfumato.atomic import new_folder, write_durably
from sfumato.corpus.rows import Row
from sfumato.errors import CorpusError
from sfumato.train.store import LatentStore
from sfumato.types import Latent

INDEX = "pack.json"
VERSION = 2
STEP, PART = 0.06, 12**0.5
LZMA = ({"id": lzma.FILTER_LZMA2, "preset": 9, "lc": 1, "lp": 2, "pb": 2},)
"""Literals are predicted apart for each place in four: channels lie in fours."""

KEPT = ("position", "id", "caption", "keywords", "style", "style_phrase", "split", "license", "source", "author")
"""What a pack keeps of a row: what prompts are made of, and what attribution needs."""


@dataclass(frozen=True, eq=False)
class PackStore:
    """Latents of one split, in 8 bits."""

    array: Int8[np.ndarray, "n h w c"]
    step: tuple[float, ...]
    std: tuple[float, ...]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height, width."""
        _, height, width, channels = self.array.shape
        return channels, height, width

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.array)

    def mean(self, rows: Int64[np.ndarray, " b"], flip: Bool[np.ndarray, " b"], /) -> Latent:
        """The stored integers times their channel's step; `flip` must be false everywhere."""
        if flip.any():
            raise CorpusError("a pack of latents holds no mirrored pictures; set data.flip to 0")
        step = torch.tensor(self.step).view(1, -1, 1, 1)
        return torch.from_numpy(self.array[rows].astype(np.float32)).permute(0, 3, 1, 2) * step

    def spread(self, rows: Int64[np.ndarray, " b"], flip: Bool[np.ndarray, " b"], /) -> Latent:
        """What of its posterior std each channel has left."""
        std = torch.tensor(self.std).view(1, -1, 1, 1)
        return std.expand(len(rows), *self.shape)


@dataclass(frozen=True, eq=False)
class Pack:
    """Both splits of a pack, and what pack.json says."""

    stores: Mapping[str, PackStore]
    rows: Mapping[str, Sequence[Row]]
    about: Mapping[str, Any]


def write_pack(
    folder: Path, stores: Mapping[str, LatentStore], rows: Mapping[str, Sequence[Row]], about: Mapping[str, Any]
) -> int:
    """Write a pack of the splits in `stores`; answer its size in bytes. Raises OutputError where it cannot be."""
    files: dict[str, bytes] = {}
    first = next(iter(stores.values()))
    shapes, step = {}, np.maximum(STEP, PART * spread_of(first))
    for split, store in stores.items():
        quantised = rounded(latents(store), step)
        shapes[split] = list(quantised.shape)
        files[f"{split}.xz"] = lzma.compress(quantised.tobytes(), filters=LZMA)
    kept = {split: [[getattr(row, name) for name in KEPT] for row in some] for split, some in rows.items()}
    files["rows.json.xz"] = lzma.compress(json.dumps(kept).encode(), preset=9)
    index = {
        "format": "sfumato-pack",
        "version": VERSION,
        "step": step.tolist(),
        "std": std_left(first, step).tolist(),
        "shapes": shapes,
        "sha256": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
        **about,
    }
    with new_folder(folder, replace=True) as part:
        for name, data in files.items():
            write_durably(part / name, data)
        write_durably(part / INDEX, json.dumps(index, indent=1).encode() + b"\n")
    return sum(map(len, files.values()))


def rounded(z: Float32[np.ndarray, "n h w c"], step: Float64[np.ndarray, " c"]) -> Int8[np.ndarray, "n h w c"]:
    """round(z / step), clipped."""
    return np.ascontiguousarray(np.rint(z / step).clip(-127, 127).astype(np.int8))


def std_left(store: LatentStore, step: Float64[np.ndarray, " c"]) -> Float64[np.ndarray, " c"]:
    """What training is still to add of each channel's posterior spread."""
    z = latents(store)
    gained = np.mean((rounded(z, step) * step) ** 2 - z.astype(np.float64) ** 2, axis=(0, 1, 2))
    return np.sqrt(np.maximum(0.0, spread_of(store) ** 2 - gained))


def latents(store: LatentStore) -> Float32[np.ndarray, "n h w c"]:
    """The means of all rows, channels last."""
    return store.mean(*whole(store)).numpy().transpose(0, 2, 3, 1)


def spread_of(store: LatentStore) -> Float64[np.ndarray, " c"]:
    """The mean posterior std of each channel."""
    return store.spread(*whole(store)).mean(dim=(0, 2, 3)).double().numpy()


def whole(store: LatentStore) -> tuple[Int64[np.ndarray, " n"], Bool[np.ndarray, " n"]]:
    """Every row, none mirrored."""
    return np.arange(len(store)), np.zeros(len(store), bool)


def read_pack(folder: Path) -> Pack:
    """Read and check a pack. Raises CorpusError where it is damaged or of another version."""
    try:
        index = json.loads((folder / INDEX).read_text("utf-8"))
        if (index["format"], index["version"]) != ("sfumato-pack", VERSION):
            raise CorpusError(f"{folder} is a pack of another version; make it again with this Sfumato")
        data = {name: (folder / name).read_bytes() for name in index["sha256"]}
        for name, found in data.items():
            if hashlib.sha256(found).hexdigest() != index["sha256"][name]:
                raise CorpusError(
                    f"{folder / name} is damaged: its sha256 is not the one in {INDEX}; copy the pack again"
                )
        stores = {}
        for split, shape in index["shapes"].items():
            array = np.frombuffer(lzma.decompress(data[f"{split}.xz"]), np.int8).reshape(shape)
            stores[split] = PackStore(array, tuple(index["step"]), tuple(index["std"]))
        listed = json.loads(lzma.decompress(data["rows.json.xz"]))
        rows = {split: [_row(values) for values in some] for split, some in listed.items()}
    except CorpusError:
        raise
    except (OSError, ValueError, KeyError, TypeError, lzma.LZMAError) as error:
        raise CorpusError(f"{folder} is no sound pack of latents; make it again") from error
    return Pack(stores, rows, index)


def is_pack(path: Path | None) -> bool:
    """Whether a corpus named on the command line is a pack."""
    return path is not None and (path / INDEX).is_file()


def _row(values: Sequence[Any]) -> Row:
    named = dict(zip(KEPT, values, strict=True))
    named["keywords"] = tuple(named["keywords"])
    return Row(**named)
