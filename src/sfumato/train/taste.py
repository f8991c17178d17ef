"""A first look at the pictures, before any is decoded for a run: how many, how large, how fast to prepare."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import UInt8

from sfumato.corpus.attempts import attempts
from sfumato.corpus.decode import over_white_picture
from sfumato.corpus.detect import read_corpus
from sfumato.corpus.locate import locate
from sfumato.corpus.opening import opening
from sfumato.corpus.rows import Row
from sfumato.corpus.split import belongs
from sfumato.errors import CorpusError
from sfumato.train.frozen_parts import load_vae
from sfumato.train.latents import encode
from sfumato.train.material import Place
from sfumato.train.precision import resolve
from sfumato.train.recipe import TrainRecipe

SAMPLE = 64
"""Pictures that are looked at."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Taste:
    """pictures: to train on, by source. sample: some of the first source's. side: the middle one of their long sides.

    preparing: seconds to decode, and where it is asked for to encode, one picture.
    """

    pictures: tuple[int, ...]
    sample: tuple[tuple[Row, bytes], ...]
    side: int
    preparing: float


def taste(recipe: TrainRecipe, place: Place) -> Taste:
    """Count the rows of the recipe's sources, and try SAMPLE of them. Raises CorpusError where none can be used."""
    tables = [read_corpus(locate(choice.name, place.data)) for choice in recipe.data.sources]
    rows = [
        [row for row in table.rows if belongs(row, "train") and (not choice.styles or row.style in choice.styles)]
        for choice, table in zip(recipe.data.sources, tables, strict=True)
    ]
    some = rows[0][:: max(1, len(rows[0]) // SAMPLE)][:SAMPLE]
    began = time.perf_counter()
    looked = list(attempts(some, tables[0].pictures(some), lambda data: look_at(data, recipe.data.size)))
    decoding = (time.perf_counter() - began) / max(1, len(some))
    sound = [(row, look) for row, look in looked if not isinstance(look, str)]
    if not sound:
        raise CorpusError(
            f"none of {len(some)} pictures of {tables[0].path} could be read; `sfumato corpus check` names each"
        )
    return Taste(
        pictures=tuple(map(len, rows)),
        sample=tuple((row, look.data) for row, look in sound),
        side=sorted(look.side for _, look in sound)[len(sound) // 2],
        preparing=decoding + encoding(recipe, place, [look.pixels for _, look in sound]),
    )


@dataclass(frozen=True, eq=False)
class Look:
    """A picture's bytes, its long side, and itself at the training's size."""

    data: bytes
    side: int
    pixels: UInt8[np.ndarray, "h w 3"]


def look_at(data: bytes, size: int) -> Look:
    """Decode one picture. Raises CorpusError with the reason why it cannot be used."""
    with opening(data) as file:
        picture = file.picture
        return Look(data, max(picture.size), over_white_picture(picture, size))


def encoding(recipe: TrainRecipe, place: Place, pixels: Sequence[np.ndarray]) -> float:
    """Seconds to encode one picture; none where a recipe trains on pixels."""
    if not recipe.on_latents:
        return 0.0
    vae = load_vae(recipe.space)[0].to(place.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    batch, dtype = np.stack(pixels[:32]), resolve(recipe.precision, place.device)
    if vae.channels == 4:
        batch = np.concatenate([batch, np.full_like(batch[..., :1], 255)], axis=-1)
    encode(vae, batch, place.device, dtype)
    began = time.perf_counter()
    encode(vae, batch, place.device, dtype)
    return (1 + (recipe.data.flip > 0)) * (time.perf_counter() - began) / len(batch)
