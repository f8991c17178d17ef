"""A prompt word by word: what the network is told of it, what a picture owes to it in bits, and what each word does."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from sfumato.arrays import as_numpy
from sfumato.inspect.geometry import steered as prompt_bits
from sfumato.model import Model
from sfumato.pipeline import Decoded, encode, trace
from sfumato.samplers.base import Step
from sfumato.studio.denoise import Picture, over_white

STEPS = 10
"""Of each picture."""


def kept(prompt: str, off: Collection[int] = ()) -> str:
    """The prompt without some of its words, which are what stands between spaces."""
    return " ".join(word for k, word in enumerate(prompt.split()) if k not in off)


@dataclass(frozen=True, eq=False, kw_only=True)
class Read:
    """What becomes of a prompt: its words, the tokens of each, and a vector for every token.

    tokens: (text, number) of each token in order, both ends among them; number is None where the encoder has none.
    places: of each word, where its tokens stand among them; none where the prompt is cut before it.
    """

    words: tuple[str, ...]
    tokens: tuple[tuple[str, int | None], ...]
    places: tuple[tuple[int, ...], ...]
    states: Float64[np.ndarray, "l d"]

    def vector(self, word: int) -> Float64[np.ndarray, " d"]:
        """The mean of the word's tokens; zeros where it has none."""
        found = self.states[list(self.places[word])]
        return found.mean(0) if len(found) else np.zeros(self.states.shape[1])


def read(model: Model, prompt: str) -> Read:
    """The prompt as the model's own text encoder reads it."""
    conditioner: Any = model.bundle.conditioner
    cond, words = encode(conditioner, [prompt]), tuple(prompt.split())
    texts, real = cond.words[0], as_numpy(cond.mask)[0]
    numbers = conditioner.read([prompt])[0].ids if hasattr(conditioner, "read") else (None,) * len(texts)
    counts = [max(0, len(encode(conditioner, [word]).words[0]) - 2) for word in words]  # less both ends
    ends = np.minimum(np.cumsum([1, *counts]), max(1, len(texts) - 1))
    return Read(
        words=words,
        tokens=tuple(zip(texts, numbers, strict=True)),
        places=tuple(tuple(range(ends[k], ends[k + 1])) for k in range(len(words))),
        states=as_numpy(cond.tokens)[0][real].astype(np.float64),
    )


def turned(model: Model, prompt: str, off: Collection[int]) -> list[float | None]:
    """How far the vector of each word turns when others are left out: 1 - cosine; None for those left out."""
    whole, rest = read(model, prompt), read(model, kept(prompt, off))
    left = iter(range(len(rest.words)))
    return [None if k in off else _turn(whole.vector(k), rest.vector(next(left))) for k in range(len(whole.words))]


@dataclass(frozen=True, eq=False, kw_only=True)
class Steered:
    """A picture, and how much the prompt had to say at each step of its way.

    bits[k] is KL(step with the prompt || step without it) at step k of the way that guidance took, the last step left
    out, where neither has a spread; `cells` spreads their sum over the latents' places.
    """

    picture: Picture
    levels: tuple[float, ...]
    bits: tuple[float, ...]
    cells: Float64[np.ndarray, "h w"]

    def numbers(self) -> dict[str, float]:
        """bits: of all steps. early: the share of them in the first half of the steps."""
        total = sum(self.bits)
        early = sum(self.bits[: (len(self.bits) + 1) // 2])
        return {"bits": total, "early": early / total if total > 0.0 else 0.0}


def settings(model: Model, *, seed: int, negative: str = "", between: Any = None, steps: int = STEPS) -> dict[str, Any]:
    """How a picture of this figure is drawn: classifier-free, at the model's own scale."""
    scale = model.recipe().guidance.get("scale", 4.0)
    guidance = {"kind": "classifier-free", "scale": scale}
    return {"seed": seed, "negative": negative, "between": between, "steps": steps, "guidance": guidance}


def steered(model: Model, prompt: str, **settings: Any) -> Iterator[Step | Steered]:
    """Draw a picture; each step as it is taken, then the whole."""
    recipe = model.recipe(prompt, **settings)
    steps: list[Step] = []
    for event in trace(model.bundle, recipe):
        if isinstance(event, Step):
            steps.append(event)
            yield event
        elif isinstance(event, Decoded):
            seen = as_numpy(over_white(event.image))[0]
            priced = [step for step in steps if float(step.there.sigma) > 0.0]
            nothing = np.zeros(event.latent.shape[-2:])
            cells = [nothing if found is None else found for found in map(prompt_bits, priced)]
            levels, bits = (float(step.here.t) for step in priced), (float(each.sum()) for each in cells)
            yield Steered(picture=seen, levels=tuple(levels), bits=tuple(bits), cells=sum(cells, nothing))


def without(model: Model, prompt: str, words: Sequence[int], **settings: Any) -> Iterator[Steered]:
    """The picture without each of these words in turn."""
    for k in words:
        *_, whole = steered(model, kept(prompt, (k,)), **settings)
        if isinstance(whole, Steered):
            yield whole


def _turn(a: Float64[np.ndarray, " d"], b: Float64[np.ndarray, " d"]) -> float:
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return 1.0 - float(a @ b) / lengths if lengths > 0.0 else 0.0
