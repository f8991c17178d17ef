"""Does a model draw the colour that is asked for, and the thing as well?

    python scripts/measure_colours.py [MODEL] [--sheet SHEET.png]

Seven colours by eight things, each pair once, in one of four styles, one seed each: 56 pictures. `colour`: the asked
colour has the largest share of the seven and at least a quarter of what is visible (corpus/colour_names.py). `thing`:
of the eight things under the same colour and style, our own towers find the picture to fit its own best; they learnt
from the corpus's train pictures, so compare models by it, and read nothing into its absolute size. 95 % intervals are
Wilson's.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import sfumato
from sfumato.corpus.colour_names import HUES, shares
from sfumato.corpus.decode import composited
from sfumato.evaluate.interval import wilson
from sfumato.text.score import Score, load_score

THINGS = ("cat", "car", "hat", "book", "butterfly", "flower", "shirt", "bird")
STYLES = ("flat emoji", "3d render", "bold vector emoji", "glossy gradient emoji")
LEAST, SEED, SIDE = 0.25, 1000, 96


def colour_of(picture: Image.Image) -> str:
    """The hue with the largest share of what is visible; "" where none has a quarter."""
    found = shares(np.asarray(picture.convert("RGBA")))
    name = max(HUES, key=lambda each: found[each])
    return name if found[name] >= LEAST else ""


def thing_of(score: Score, picture: Image.Image, colour: str, style: str) -> str:
    """Which of the things under that colour and style the towers find in a picture, over white."""
    over = composited(np.asarray(picture.convert("RGBA")))
    texts = score.texts([f"{colour} {thing}, {style}" for thing in THINGS]).numpy()
    (vector,) = score.pictures(over[None]).numpy()
    return THINGS[int(np.argmax(texts @ vector))]


def main() -> None:
    """Draw, judge, print."""
    parser = argparse.ArgumentParser(description="Does a model draw the colour that is asked for, and the thing?")
    parser.add_argument("model", nargs="?", default="tavola")
    parser.add_argument("--sheet", type=Path, help="all pictures: a row for each colour, a column for each thing")
    options = parser.parse_args()
    torch.set_num_threads(1)
    model, score = sfumato.load(options.model), load_score("towers")
    sheet = Image.new("RGB", (SIDE * len(THINGS), SIDE * len(HUES)), "white")
    right: list[tuple[bool, bool]] = []
    for i, colour in enumerate(HUES):
        for j, thing in enumerate(THINGS):
            style = STYLES[(i + j) % len(STYLES)]
            (made,) = model.generate(f"{colour} {thing}, {style}", seed=SEED + i * len(THINGS) + j)
            right.append((colour_of(made.image) == colour, thing_of(score, made.image, colour, style) == thing))
            small = made.image.convert("RGBA").resize((SIDE, SIDE))
            sheet.paste(small, (j * SIDE, i * SIDE), small)
    for k, what in enumerate(("colour", "thing", "both")):
        hits = sum(all(pair) if what == "both" else pair[k] for pair in right)
        low, high = wilson(hits / len(right), len(right))
        print(f"{what}: {hits} of {len(right)}, {hits / len(right):.0%} [{low:.0%}, {high:.0%}]")
    if options.sheet:
        sheet.save(options.sheet)


if __name__ == "__main__":
    main()
