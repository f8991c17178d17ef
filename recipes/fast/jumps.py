"""Which jump of a student costs how much: the teacher makes some of them in its place.

    python recipes/fast/jumps.py CORPUS [--student runs/tavola-fast] [--guidance 3.5] SSSS TTTS 1,.9,.75,.5:TTTT

A picture in n evaluations is n jumps to the end, with fresh noise between them. Letter k says who makes jump k: S, the
student; T, the teacher in the place of a perfect consistency function, by --inner steps of DDIM to the picture; or 1,
what the teacher believes at once. Before the letters may stand the levels t of the jumps, with a colon; else they are
those of the student's own grid. A student's letters may end in @w, another w for the student alone.

The first --prompts rows of tune in hash order, prompt k with seed k; KID-EffLite0 x 1000. What is drawn is not kept.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

import sfumato
from sfumato.conditioner import Conditioning
from sfumato.corpus.decode import over_white_picture
from sfumato.corpus.locate import cache_folder
from sfumato.errors import RecipeError
from sfumato.evaluate.features import SIZE, load_features
from sfumato.evaluate.ground import corpus_at, open_ground
from sfumato.model import Model
from sfumato.pipeline import Decoded, encode, guidance_of
from sfumato.process.grid import GRIDS
from sfumato.process.prediction import Prediction
from sfumato.process.schedule import CLEAN, Level, Schedule
from sfumato.rng import PerSample
from sfumato.samplers.base import Denoise
from sfumato.samplers.consistency import Consistency
from sfumato.samplers.ddim import DDIM
from sfumato.types import State

BATCH = 8


@dataclass(frozen=True)
class Jumps:
    """Who makes the jumps, at which levels (none: those of the student's grid), and the w that a student is told."""

    who: str
    levels: tuple[float, ...] = ()
    scale: float | None = None

    @classmethod
    def of(cls, text: str) -> "Jumps":
        """From "1,.75,.5:TTS@5". Raises RecipeError where it says nothing, or levels that do not fall from 1."""
        before, _, after = text.rpartition(":")
        who, _, scale = after.partition("@")
        levels = tuple(float(t) for t in before.split(",")) if before else ()
        falling = all(a > b for a, b in pairwise((*levels, 0.0)))
        misfit = bool(levels) and (len(levels), levels[0]) != (len(who), 1.0)
        if not who or set(who) - set("ST1") or misfit or not falling:
            raise RecipeError(f"{text!r}: expected letters of S, T and 1, and before a colon as many t, falling from 1")
        return cls(who, levels, float(scale) if scale else None)


def by_ddim(denoise: Denoise, schedule: Schedule, inner: int) -> Callable[[State, Level], Prediction]:
    """A consistency function nearly: so many steps of DDIM, even in t, to the picture; its belief is where they end."""

    def jump(x: State, level: Level) -> Prediction:
        between = [schedule(level.t * (inner - k) / inner) for k in range(1, inner)]
        *_, last = DDIM()(denoise, x, (level, *between, CLEAN), lambda *_: 0.0 * x)
        return Prediction.from_x0(x, level, last.x_next)

    return jump


def by_turns(who: str, jumpers: Mapping[str, Callable[[State, Level], Prediction]]) -> Denoise:
    """A denoiser whose k-th answer is that of the k-th letter."""
    letters: Iterator[str] = iter(who)

    def denoise(x: State, level: Level, /) -> Prediction:
        return jumpers[next(letters)](x, level)

    return denoise


def bound(model: Model, scale: float | None, cond: Conditioning, null: Conditioning) -> Denoise:
    """A model's guided belief for some prompts."""
    bundle = model.bundle
    guidance = guidance_of(bundle, model.recipe("", microbatch=BATCH, **({} if scale is None else {"guidance": scale})))

    def denoise(x: State, level: Level, /) -> Prediction:
        return guidance(bundle.denoiser, x, level, cond, null)

    return denoise


def drawn(
    models: Mapping[bool, Model], prompts: Mapping[int, str], jumps: Jumps, scale: float, inner: int
) -> list[np.ndarray]:
    """The pictures of at most BATCH prompts, named by their seeds, over white in 8 bits."""
    bundle, student = models[False].bundle, models[True]
    cond, null = (encode(bundle.conditioner, texts) for texts in (list(prompts.values()), [""] * len(prompts)))
    guided = bound(models[False], scale, cond, null)
    told = bound(student, scale if jumps.scale is None else jumps.scale, cond, null)
    jumpers = {"S": told, "1": guided, "T": by_ddim(guided, bundle.schedule, inner)}
    levels = GRIDS[student.recipe("").grid](bundle.schedule, len(jumps.who))
    if jumps.levels:
        levels = (*(bundle.schedule(t) for t in jumps.levels), CLEAN)
    noise, side = PerSample(tuple(prompts)), bundle.sizes[0][0] // bundle.autoencoder.factor
    x = noise.initial((bundle.autoencoder.channels, side, side), cond.tokens)
    *_, last = Consistency()(by_turns(jumps.who, jumpers), x, levels, noise)
    recipes = [student.recipe(prompt, seed=seed) for seed, prompt in prompts.items()]
    pictures = student.finish(recipes, Decoded(last.x_next, bundle.autoencoder.decode(last.x_next)), None)
    return [over_white_picture(picture.image, SIZE) for picture in pictures]


def main() -> None:
    """Draw, measure, print a line for each."""
    parser = argparse.ArgumentParser(description="Which jump of a student costs how much.")
    add = parser.add_argument
    add("data", type=Path, help="glyphs.parquet, its folder, or any corpus")
    add("jumps", nargs="+", help="such as SSSS, TTTS, SSSS@5 or 1,.9,.75,.5:TTTT")
    add("--model", default="tavola", help="the teacher")
    add("--student", help="its student, where `generate --fast` does not find it by itself")
    add("--guidance", type=float, help="w of both (the teacher's default)")
    add("--inner", type=int, default=4, help="the teacher's steps in a jump (4)")
    add("--prompts", type=int, default=96, help="how many rows of tune (96)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    ways = {text: Jumps.of(text) for text in options.jumps}
    models = {False: sfumato.load(options.model), True: sfumato.load(options.model, fast=options.student or True)}
    scale = models[False].recipe("").guidance["scale"] if options.guidance is None else options.guidance
    features = load_features("cpu")
    chosen = {"split": "tune", "features": features, "cache": cache_folder(), "limit": options.prompts}
    ground = open_ground(corpus_at(options.data), **chosen)
    seeded = list(enumerate(ground.prompts))
    for text, jumps in ways.items():
        made: list[np.ndarray] = []
        for start in range(0, len(seeded), BATCH):
            some = dict(seeded[start : start + BATCH])
            made += drawn(models, some, jumps, scale, options.inner)
        found, _ = ground.kid(features(np.stack(made)))
        print(f"{text}: {found.value:.1f} [{found.low:.1f}, {found.high:.1f}]", flush=True)


if __name__ == "__main__":
    main()
