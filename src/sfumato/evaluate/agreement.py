"""Do prompt and picture fit, as trained towers see it? Their score, and whether a picture finds its own prompt.

A second witness beside the features: the towers read the whole prompt, colour and style as well. They learnt from the
train pictures of Glyphs, never from held-out ones; made pictures are not what they learnt from, so read the numbers
beside those of the real ones (Hessel et al. 2021, CLIPScore, whose cosine this is, with other towers).
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Float64, Int64, UInt8

from sfumato.evaluate.ground import Ground
from sfumato.evaluate.interval import families_in, interval, means, of_mean
from sfumato.evaluate.line import Line
from sfumato.evaluate.measures import rate
from sfumato.text.score import Score

KS = (1, 5)
Vectors = Float[np.ndarray, "n j"]


def agreement_lines(score: Score, ground: Ground, made: UInt8[np.ndarray, "n s s 3"]) -> list[Line]:
    """The cosine of each picture and its prompt, and how often the prompt is among the first k of all prompts."""
    texts = score.texts(ground.prompts).numpy()
    found, real = (score.pictures(pictures).numpy() for pictures in (made, ground.pictures))
    lines = [cosine_line(ground, texts, found, real)]
    others = len(set(ground.prompts))
    ranked, reached = (places(ground.prompts, texts, vectors) for vectors in (found, real))
    return lines + [
        rate(f"own prompt among {others} by towers, top-{k}", ranked < k, reached < k, ground.counts) for k in KS
    ]


def cosine_line(ground: Ground, texts: Vectors, found: Vectors, real: Vectors) -> Line:
    """The mean cosine, and how far below that of real pictures it is."""
    made, reached = (cosines(texts, vectors) for vectors in (found, real))
    return Line(
        measure="cosine of prompt and picture by towers",
        pictures=len(made),
        families=families_in(ground.counts),
        made=of_mean(made, ground.counts),
        real=of_mean(reached, ground.counts),
        against=interval(float((made - reached).mean()), means(made - reached, ground.counts)),
        lower=False,
    )


def cosines(texts: Vectors, pictures: Vectors) -> Float64[np.ndarray, " n"]:
    """u.v of each pair of unit vectors."""
    return (texts.astype(np.float64) * pictures).sum(axis=1)


def places(prompts: Sequence[str], texts: Vectors, pictures: Vectors) -> Int64[np.ndarray, " n"]:
    """For each picture, how many other prompts fit it at least as well as its own (0: its own fits best).

    A prompt that several rows share counts once; a tie counts against the picture.
    """
    first = [prompts.index(prompt) for prompt in dict.fromkeys(prompts)]
    near = pictures.astype(np.float64) @ texts[first].T
    own: Bool[np.ndarray, "n m"] = np.array([[a == prompts[k] for k in first] for a in prompts])
    return ((near >= near[own][:, None]) & ~own).sum(axis=1)
