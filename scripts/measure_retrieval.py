"""Is the right thing drawn? Concept retrieval of held-out pairs, and KID, on EfficientNet-Lite0 features.

    python scripts/measure_retrieval.py --weights lite0.safetensors --data CORPUS --model bozzetto --json F

Queries: 200 rows of one half of val (--split, see corpus/split.py: choices use tune, published numbers report), in
hash order, no family or caption twice; query k is the picture that the model makes of "{caption}, {style_phrase}" with
seed k. Gallery of a query: one real TRAIN picture of each of the 200 concepts, never in the query's own style (the
first in hash order), so that only the concept can match. A hit at k: the query's concept is among the k gallery
pictures of highest cosine similarity (features minus the gallery's mean). Chance is k / 200. The same for the real
pictures of the queries is the ceiling. KID-EffLite0 (Binkowski et al. 2018, cubic kernel, unbiased) is against the
other real pictures of that half; its floor is that of the real queries against the same.

--prompts-out FILE writes the prompts and stops; --pictures FOLDER measures pictures made elsewhere, the k-th by
name for the k-th prompt. Weights: scripts/effnet_lite0.py says where they come from.
"""

import argparse
import hashlib
import json
import os
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import effnet_lite0
import numpy as np
import pyarrow.parquet as pq
from PIL import Image

from sfumato.corpus.decode import over_white
from sfumato.corpus.split import half

CONCEPTS = 200
SIZE = 128
COLUMNS = ["id", "caption", "style", "style_phrase", "split", "family", "concept", "image"]
Row = dict[str, Any]


def by_hash(rows: list[Row]) -> list[Row]:
    """Rows in the order of their ids' SHA-256."""
    return sorted(rows, key=lambda row: hashlib.sha256(row["id"].encode()).hexdigest())


def choose(rows: list[Row], count: int, split: str) -> tuple[list[Row], dict[str, list[Row]], list[Row]]:
    """The queries; concept -> its train rows in hash order; the val rows that serve as KID's reference."""
    val = by_hash([row for row in rows if row["split"] == "val" and half(row["family"]) == split])
    train: dict[str, list[Row]] = defaultdict(list)
    for row in by_hash([row for row in rows if row["split"] == "train"]):
        train[row["concept"]].append(row)
    queries: list[Row] = []
    seen: set[str] = set()
    for row in val:
        styles = {other["style"] for other in train[row["concept"]]}
        if len(styles) > 1 and not seen & {row["family"], row["caption"]}:
            seen |= {row["family"], row["caption"]}
            queries.append(row)
    queries = queries[:count]
    taken = {row["id"] for row in queries}
    return queries, train, [row for row in val if row["id"] not in taken][:count]


def gallery_of(style: str, queries: list[Row], train: dict[str, list[Row]]) -> list[Row]:
    """One train picture of each query's concept, none in `style`."""
    return [next(row for row in train[query["concept"]] if row["style"] != style) for query in queries]


class Features:
    """Features of real pictures, each computed once."""

    def __init__(self, weights: Path) -> None:
        self.weights = effnet_lite0.load(weights)
        self.known: dict[str, np.ndarray] = {}

    def real(self, rows: list[Row]) -> np.ndarray:
        """[n, 1280] of corpus rows."""
        missing = list({row["id"]: row for row in rows if row["id"] not in self.known}.values())
        if missing:
            found = effnet_lite0.features(self.weights, np.stack([over_white(row["image"], SIZE) for row in missing]))
            self.known |= {row["id"]: value for row, value in zip(missing, found, strict=True)}
        return np.stack([self.known[row["id"]] for row in rows])


def ranks(features: Features, made: np.ndarray, queries: list[Row], train: dict[str, list[Row]]) -> np.ndarray:
    """For each query, how many gallery pictures are nearer than the one of its own concept (0: first)."""
    found = np.empty(len(queries), int)
    for style in sorted({query["style"] for query in queries}):
        gallery = features.real(gallery_of(style, queries, train))
        mean = gallery.mean(0)
        unit = (gallery - mean) / np.linalg.norm(gallery - mean, axis=1, keepdims=True)
        for k, query in enumerate(queries):
            if query["style"] == style:
                scores = unit @ (made[k] - mean)
                found[k] = int((scores > scores[k]).sum())
    return found


def kid(a: np.ndarray, b: np.ndarray) -> float:
    """Squared MMD with the kernel (x y / d + 1)^3, unbiased."""

    def kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return (x @ y.T / x.shape[1] + 1.0) ** 3

    def within(x: np.ndarray) -> float:
        k = kernel(x, x)
        return float((k.sum() - np.trace(k)) / (len(x) * (len(x) - 1)))

    return within(a) + within(b) - 2.0 * float(kernel(a, b).mean())


def summary(found: np.ndarray, made: np.ndarray, reference: np.ndarray) -> dict[str, float]:
    """Top-1 and top-5 hit rates, how many times chance, and KID times 1000."""
    top1, top5, n = float((found < 1).mean()), float((found < 5).mean()), len(found)
    return {
        "top1": top1,
        "top5": top5,
        "top1_times_chance": top1 * n,
        "top5_times_chance": top5 * n / 5,
        "median_rank": float(np.median(found)) + 1,
        "kid_x1000": 1000.0 * kid(made, reference),
    }


def draw(model: str, prompts: list[str], *, device: str, settings: dict[str, Any], folder: Path | None) -> np.ndarray:
    """Pictures of a Sfumato model, prompt k with seed k; kept in `folder`, and taken from there when they are there."""
    import sfumato

    loaded = sfumato.load(model, device=device)
    pictures = []
    for k, prompt in enumerate(prompts):
        path = folder / f"{k:03d}.png" if folder else None
        if path and path.exists():
            pictures.append(np.asarray(Image.open(path).convert("RGB")))
            continue
        picture = loaded.generate(prompt, seed=k, **settings)[0]
        pictures.append(np.asarray(picture.image.convert("RGB")))
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            picture.save(path)
        print(f"\r{k + 1}/{len(prompts)} pictures", end="", file=sys.stderr)
    print(file=sys.stderr)
    return np.stack(pictures)


def read(folder: Path, count: int) -> np.ndarray:
    """The pictures of a folder in the order of their names; exactly `count`."""
    paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in (".png", ".jpg", ".jpeg", ".webp"))
    if len(paths) != count:
        raise SystemExit(
            f"{folder} holds {len(paths)} pictures, expected {count}: one for each prompt, named in their order"
        )
    return np.stack([over_white(path.read_bytes(), SIZE) for path in paths])


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Concept retrieval and KID on EfficientNet-Lite0 features.")
    parser.add_argument("--data", type=Path, default=os.environ.get("SFUMATO_DATA"), help="folder of glyphs.parquet")
    parser.add_argument("--weights", type=Path, help="EfficientNet-Lite0 as safetensors")
    parser.add_argument("--model", help="a Sfumato model; without it and --pictures only the ceiling is measured")
    parser.add_argument("--pictures", type=Path, help="a folder of pictures, the k-th for the k-th prompt")
    parser.add_argument("--keep", type=Path, help="keep the model's pictures in this folder, and go on from it")
    parser.add_argument("--limit", type=int, default=CONCEPTS, help="how many concepts (chance changes with it)")
    parser.add_argument("--split", choices=("tune", "report"), default="tune", help="the half of val (default: tune)")
    parser.add_argument("--prompts-out", type=Path, help="write the prompts and stop")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--guidance", type=float)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--sampler")
    parser.add_argument("--json", type=Path, help="write the numbers there too")
    options = parser.parse_args()
    if options.data is None:
        parser.error("say where glyphs.parquet lies: --data FOLDER or SFUMATO_DATA")
    if options.weights is None and options.prompts_out is None:
        parser.error("--weights FILE is needed; scripts/effnet_lite0.py makes it")
    return options


def main() -> None:
    """Measure and print."""
    options, start = arguments(), time.perf_counter()
    path = options.data / "glyphs.parquet" if options.data.is_dir() else options.data
    queries, train, others = choose(pq.read_table(path, columns=COLUMNS).to_pylist(), options.limit, options.split)
    prompts = [f"{row['caption']}, {row['style_phrase']}" for row in queries]
    if options.prompts_out:
        options.prompts_out.write_text("\n".join(prompts) + "\n", encoding="utf-8")
        return
    features = Features(options.weights)
    reference, real = features.real(others), features.real(queries)
    n = len(queries)
    results: dict[str, Any] = {"concepts": n, "chance": {"top1": 1 / n, "top5": 5 / n}}
    results["real"] = summary(ranks(features, real, queries, train), real, reference)
    if options.model or options.pictures:
        names = ("guidance", "steps", "sampler")
        settings = {name: value for name in names if (value := getattr(options, name)) is not None}
        if options.pictures:
            pixels = read(options.pictures, n)
        else:
            pixels = draw(options.model, prompts, device=options.device, settings=settings, folder=options.keep)
        made = effnet_lite0.features(features.weights, pixels)
        found = ranks(features, made, queries, train)
        results |= {"model": options.model or str(options.pictures), "settings": settings}
        results["made"] = summary(found, made, reference)
        styles = sorted({row["style"] for row in queries})
        hits = {
            style: [bool(r < 5) for r, q in zip(found, queries, strict=True) if q["style"] == style] for style in styles
        }
        results["top5_by_style"] = {style: f"{sum(hit)}/{len(hit)}" for style, hit in hits.items()}
    results["seconds"] = round(time.perf_counter() - start, 1)
    text = json.dumps(results, indent=1)
    print(text)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
