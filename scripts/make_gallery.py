"""docs/gallery.md: the first 64 prompts of an evaluation beside the real pictures, and its best and worst, by rule.

    python scripts/make_gallery.py EVALUATION --data CORPUS [--out docs/gallery]

EVALUATION is a folder that `sfumato evaluate` wrote. Best and worst are the pictures with the highest and the lowest
cosine of prompt and picture by the shipped towers: nobody picks. Writes OUT/first.webp, best.webp, worst.webp; OUT.md.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from make_sheet import sheet
from PIL import Image

from sfumato.atomic import make_folder, write_file
from sfumato.checkpoint import find, read_manifest
from sfumato.corpus.locate import cache_folder
from sfumato.corpus.source import open_source
from sfumato.evaluate.agreement import cosines
from sfumato.evaluate.drawing import pixels
from sfumato.evaluate.features import SIZE
from sfumato.evaluate.ground import corpus_at
from sfumato.text.score import load_score

FIRST, ENDS = 64, 24


def real_pictures(corpus: Path, split: str, ids: Sequence[str]) -> np.ndarray:
    """The real pictures of these rows, over white."""
    source = open_source(corpus_at(corpus), split=split, size=SIZE, cache=cache_folder(), progress=lambda *_: None)
    place = {row.id: k for k, row in enumerate(source.rows)}
    return np.asarray(source.pictures[[place[name] for name in ids]])


def beside(made: np.ndarray, real: np.ndarray) -> list[Image.Image]:
    """Each made picture with the real one at its right."""
    return [Image.fromarray(np.concatenate(pair, axis=1)) for pair in zip(made, real, strict=True)]


def page(report: dict[str, Any], scores: np.ndarray, failures: str, out: Path) -> str:
    """The page beside the folder `out` of its pictures; failures: what a person saw in them, from the model's card."""
    return f"""# Gallery of {report["model"]}

Every picture here is of the {report["rows"]} held-out prompts of the split `{report["split"]}`, prompt k with seed k,
drawn with the model's own settings by `sfumato evaluate`; the model's hash is `{report["settings"]["model_hash"]}`.
Made again by `python scripts/make_gallery.py EVALUATION --data CORPUS --out {out.as_posix()}`, EVALUATION being what
`make release NAME={report["model"]}` leaves.

What fails, seen by looking at them: {failures or "nobody has written it into the model's card"}.

## The first {min(FIRST, report["rows"])} prompts: made, and at its right the real picture

![made and real pictures in pairs]({out.name}/first.webp)

## Best and worst

By rule: the {ENDS} pictures whose prompt fits them best, and worst, in the eyes of the shipped towers (cosine from
{scores.max():.2f} down to {scores.min():.2f}, mean {scores.mean():.2f}). The towers are a judge with errors of its own.

![the best]({out.name}/best.webp)

![the worst]({out.name}/worst.webp)
"""


def main() -> None:
    """Read, sort, lay out, write."""
    parser = argparse.ArgumentParser(description="Sheets of an evaluation: the first prompts, the best, the worst.")
    parser.add_argument("evaluation", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("docs/gallery"))
    options = parser.parse_args()
    report = json.loads((options.evaluation / "evaluation.json").read_text("utf-8"))
    entries = report["pictures"]
    prompts = [entry["prompt"] for entry in entries]
    made = pixels([options.evaluation / entry["file"] for entry in entries], SIZE)
    score = load_score()
    scores = cosines(score.texts(prompts).numpy(), score.pictures(made).numpy())
    order = np.argsort(-scores, kind="stable")
    real = real_pictures(options.data, report["split"], [entry["row"] for entry in entries[:FIRST]])
    make_folder(options.out)
    pages = {
        "first": sheet(beside(made[:FIRST], real), prompts[:FIRST], columns=4),
        "best": sheet([Image.fromarray(made[k]) for k in order[:ENDS]], [prompts[k] for k in order[:ENDS]]),
        "worst": sheet(
            [Image.fromarray(made[k]) for k in order[::-1][:ENDS]], [prompts[k] for k in order[::-1][:ENDS]]
        ),
    }
    for name, picture in pages.items():
        picture.save(options.out / f"{name}.webp", quality=85, method=6)
    failures = read_manifest(find(report["model"])).card.get("known_failures", "")
    write_file(options.out.with_suffix(".md"), page(report, scores, failures, options.out).encode())
    print(f"{options.out}: {', '.join(pages)}; {options.out.with_suffix('.md')}")


if __name__ == "__main__":
    main()
