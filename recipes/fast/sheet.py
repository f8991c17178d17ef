"""The same prompts and seeds in 1, 2 and 4 evaluations of the student, beside 50 of its teacher; nothing picked.

    python recipes/fast/sheet.py [--model tavola] [--student runs/tavola-fast] [--prompts prompts.txt] [--sampler unipc]

Line k of the prompts with seed k, each model with its own default w. Each prompt has four pictures side by side.
The file says which weights drew it (model_hash of both). --sampler: of the teacher, its own where none is given; the
curve says which is its best at 50 (curve.py). What Heun and PNDM ask more than once a step is seen to (ways.py).
"""

import argparse
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo
from ways import BEST, STUDENT, Way, steps_for

import sfumato
from sfumato.atomic import make_folder
from sfumato.corpus.decode import over_white_picture
from sfumato.model import Model

EVALUATIONS = (1, 2, 4)
BLOCKS, GAP, APART, CAPTION, HEAD = 4, 4, 16, 18, 18
INK = "#444444"


def drawn(models: Mapping[bool, Model], prompt: str, seed: int, sampler: str) -> list[Image.Image]:
    """The student's pictures of a prompt, then the teacher's."""
    ways = [Way(sampler=STUDENT, asked=n) for n in EVALUATIONS] + [Way(sampler=sampler, asked=BEST)]
    pictures = []
    for way in ways:
        model = models[way.student]
        grid = model.recipe("").grid
        steps, _ = steps_for(way, model.bundle.schedule, grid)
        chosen = {"seed": seed, "sampler": way.sampler, "grid": grid, "steps": steps}
        picture = model.draw([model.recipe(prompt, **chosen)])[0].image
        pictures.append(Image.fromarray(over_white_picture(picture, max(picture.size))))
    return pictures


def sheet(pictures: Sequence[Sequence[Image.Image]], captions: Sequence[str], heads: Sequence[str]) -> Image.Image:
    """A block of pictures for each caption, BLOCKS of them in a row, heads above the columns of the first row."""
    side, wide = pictures[0][0].width, len(heads)
    across, down = wide * (side + GAP) - GAP + APART, side + CAPTION + GAP
    blocks = min(BLOCKS, len(captions))
    rows = -(-len(captions) // blocks)
    page = Image.new("RGB", (blocks * across + APART, HEAD + rows * down + GAP), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(size=11)
    for k, (some, caption) in enumerate(zip(pictures, captions, strict=True)):
        x, y = APART + k % blocks * across, HEAD + k // blocks * down
        for column, picture in enumerate(some):
            page.paste(picture, (x + column * (side + GAP), y))
            if k < blocks:
                pen.text((x + column * (side + GAP), 2), heads[column], fill=INK, font=font)
        short = textwrap.shorten(caption, across // 6, placeholder=" ...")
        pen.text((x, y + side + 2), short, fill=INK, font=font)
    return page


def main() -> None:
    """Draw, lay out, write."""
    parser = argparse.ArgumentParser(description="The student's pictures beside its teacher's.")
    add = parser.add_argument
    add("--model", default="tavola", help="the teacher")
    add("--student", help="its student, where `generate --fast` does not find it by itself")
    add("--prompts", type=Path, default=Path("prompts.txt"), help="a file with one prompt a line")
    add("--sampler", help="the teacher's (its own)")
    add("--out", type=Path, default=Path("docs/fast/sheet.png"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    models = {False: sfumato.load(options.model), True: sfumato.load(options.model, fast=options.student or True)}
    sampler = options.sampler or models[False].recipe("").sampler["kind"]
    prompts = options.prompts.read_text(encoding="utf-8").splitlines()
    pictures = []
    for k, prompt in enumerate(prompts):
        pictures.append(drawn(models, prompt, k, sampler))
        print(f"\r{k + 1}/{len(prompts)}", end="", flush=True)
    heads = [*(f"{n} evaluation{'s' if n > 1 else ''}" for n in EVALUATIONS), f"teacher, {BEST} ({sampler})"]
    about = PngInfo()
    for few, name in ((False, "model_hash"), (True, "student_hash")):
        about.add_text(name, models[few].bundle.model_hash)
    make_folder(options.out.parent)
    sheet(pictures, prompts, heads).save(options.out, optimize=True, pnginfo=about)
    print(f"\r{options.out}: {len(prompts)} prompts, 4 pictures each")


if __name__ == "__main__":
    main()
