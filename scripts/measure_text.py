"""Text encoders compared: does a caption find its picture, and does another word for it find the thing?

    python scripts/measure_text.py --data CORPUS --towers runs/towers/model runs/towers-distilled/model --json F

Rows: of one half of val (--split: choices use tune, published numbers report), one for each concept, the first in the
order of its id's hash.

caption -> picture (towers only): the query is "{caption}, {style_phrase}", the gallery the pictures of all these rows.
A hit at k: its own picture is among the k nearest. Chance is k / n.

word -> caption: the queries are keywords that training never used as prompts (corpus/paraphrase.py) and that share no
word with the caption of a row that has them; the gallery is the captions. A hit at k: one of the k nearest captions
belongs to a row with that keyword. Chance is that of k captions drawn at random. word -> picture (towers only) is the
same with the pictures. A tower knows texts with a style phrase, so a word or caption alone is the mean of its vectors
over the styles; MiniLM's vector is the mean of its token states. Each rate has a 95 % interval (Wilson 1927).
"""

import argparse
import hashlib
import json
import math
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.functional import normalize

from sfumato.corpus.locate import cache_folder, locate
from sfumato.corpus.paraphrase import paraphrases
from sfumato.corpus.prompt import plain_prompt
from sfumato.corpus.rows import Row
from sfumato.corpus.source import open_source
from sfumato.text.score import Score, load_score
from sfumato.train.frozen_parts import load_conditioner
from sfumato.train.reading import load_recipe
from sfumato.train.teacher import Teacher

KS = (1, 5)
SIZE = 128
TIMED, TIMED_BATCH = 3, 32
Embed = Callable[[Sequence[str]], torch.Tensor]
Reading = Callable[[Sequence[str]], object]
"""A text encoder at work."""


def chosen(rows: Sequence[Row]) -> list[int]:
    """The rows' numbers, one for each concept, in hash order."""
    order = sorted(range(len(rows)), key=lambda k: hashlib.sha256(rows[k].id.encode()).hexdigest())
    first: dict[str, int] = {}
    for k in order:
        first.setdefault(rows[k].concept or rows[k].caption, k)
    return list(first.values())


def words_of(rows: Sequence[Row]) -> tuple[list[str], np.ndarray]:
    """The new words for these rows, and which rows each one is a keyword of, [words, rows].

    A word that stands in the caption of any row that has it is left out: that row would be found by spelling.
    """
    known = [{word.lower() for word in row.keywords} for row in rows]
    asked = {word.lower() for row in rows for word in paraphrases(row)}
    spelt = {word for row, words in zip(rows, known, strict=True) for word in words if word in row.caption.lower()}
    words = sorted(asked - spelt)
    return words, np.array([[word in has for has in known] for word in words])


def hits(near: np.ndarray, right: np.ndarray, k: int) -> np.ndarray:
    """Whether one of the k nearest columns of each row of `near` (larger is nearer) is right."""
    best = np.argsort(-near, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(right, best, axis=1).any(axis=1)


def chance(right: np.ndarray, k: int) -> float:
    """The mean over the queries of 1 - C(n - m, k) / C(n, k), where m of n columns are right."""
    n = right.shape[1]
    return float(np.mean([1.0 - math.comb(n - int(m), k) / math.comb(n, k) for m in right.sum(axis=1)]))


def interval(rate: float, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a rate among n."""
    z = 1.96
    middle, half = rate + z * z / (2 * n), z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    return max(0.0, (middle - half) / (1 + z * z / n)), min(1.0, (middle + half) / (1 + z * z / n))


def rates(near: np.ndarray, right: np.ndarray) -> dict[str, Any]:
    """Hit rates with their intervals and chances."""
    out: dict[str, Any] = {"queries": len(right), "gallery": right.shape[1]}
    for k in KS:
        rate = float(hits(near, right, k).mean())
        out[f"top{k}"] = {"rate": rate, "interval": interval(rate, len(right)), "chance": chance(right, k)}
    return out


def over_styles(score: Score, styles: Sequence[str]) -> Embed:
    """A tower's vector of a text: the mean over the styles, at unit length."""

    def embed(texts: Sequence[str]) -> torch.Tensor:
        every = score.texts([f"{text}, {style}" for text in texts for style in styles])
        return normalize(every.view(len(texts), len(styles), -1).mean(dim=1), dim=1)

    return embed


def minilm() -> tuple[Embed, Reading, int]:
    """MiniLM's vector of a text at unit length, MiniLM itself (it remembers no text), and its number of parameters."""
    conditioner = load_conditioner(load_recipe("bozzetto").text, torch.device("cpu"))
    teacher = Teacher(conditioner)
    count = sum(w.numel() for w in conditioner.encoder.parameters())

    def embed(texts: Sequence[str]) -> torch.Tensor:
        return torch.cat([normalize(teacher(texts[k : k + 32]), dim=1) for k in range(0, len(texts), 32)])

    return embed, conditioner.encode_batch, count


def measured(embed: Embed, rows: Sequence[Row], plain: Reading) -> dict[str, Any]:
    """What every text encoder is asked; `plain` takes whole prompts, and is what is timed."""
    words, right = words_of(rows)
    u, captions = embed(words), embed([row.caption for row in rows])
    return {
        "word_to_caption": rates((u @ captions.T).numpy(), right),
        "milliseconds_a_prompt": round(1000 * seconds_of(plain, [plain_prompt(row) for row in rows]) / len(rows), 3),
    }


def seconds_of(read: Reading, prompts: Sequence[str]) -> float:
    """The processor's time for these prompts in batches, the least of TIMED, so that other work counts little."""
    best = math.inf
    for _ in range(TIMED):
        start = time.process_time()
        for k in range(0, len(prompts), TIMED_BATCH):
            read(prompts[k : k + TIMED_BATCH])
        best = min(best, time.process_time() - start)
    return best


def measured_towers(folder: Path, rows: Sequence[Row], pictures: np.ndarray) -> dict[str, Any]:
    """What towers are asked as well."""
    score = load_score(folder)
    embed = over_styles(score, sorted({row.style_phrase for row in rows}))
    words, right = words_of(rows)
    v = score.pictures(pictures)
    own = np.array([[a.concept == b.concept for b in rows] for a in rows])
    return {
        "parameters": sum(w.numel() for w in score.towers.text.parameters()),
        "caption_to_picture": rates((score.texts([plain_prompt(row) for row in rows]) @ v.T).numpy(), own),
        "word_to_picture": rates((embed(words) @ v.T).numpy(), right),
        **measured(embed, rows, score.texts),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Retrieval by captions and by new words, on held-out rows.")
    parser.add_argument("--data", type=Path, default=os.environ.get("SFUMATO_DATA"), help="folder of glyphs.parquet")
    parser.add_argument("--towers", type=Path, nargs="*", default=[], help="what training towers exported")
    parser.add_argument("--split", choices=("tune", "report"), default="tune", help="the half of val (default: tune)")
    parser.add_argument("--without-minilm", action="store_true", help="the towers alone")
    parser.add_argument("--json", type=Path, help="write the numbers there too")
    options = parser.parse_args()
    source = open_source(locate("glyphs", options.data), split=options.split, size=SIZE, cache=cache_folder())
    places = chosen(source.rows)
    rows, pictures = [source.rows[k] for k in places], source.pictures[places]
    results: dict[str, Any] = {"split": options.split, "rows": len(rows)}
    if not options.without_minilm:
        embed, plain, count = minilm()
        results["minilm"] = {"parameters": count, **measured(embed, rows, plain)}
    for folder in options.towers:
        results[str(folder)] = measured_towers(folder, rows, pictures)
    text = json.dumps(results, indent=1)
    print(text)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
