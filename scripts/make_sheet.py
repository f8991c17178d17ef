"""The README's sheet: one picture for each line of prompts.txt, prompt k with seed k, nothing picked.

    python scripts/make_sheet.py --prompts prompts.txt --out docs/sheet.png [--model tavola]

The first sixteen prompts are held-out pairs of the corpus, the others free (scripts/choose_prompts.py). The settings
are the model's defaults; the file says which weights drew it (model_hash).
"""

import argparse
import textwrap
import time
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

import sfumato
from sfumato.corpus.decode import over_white_picture

COLUMNS, GAP, CAPTION = 8, 8, 30


def over_white(picture: Image.Image) -> Image.Image:
    """The picture as it looks on a page."""
    return Image.fromarray(over_white_picture(picture, max(picture.size)))


def sheet(pictures: list[Image.Image], captions: list[str], columns: int = COLUMNS) -> Image.Image:
    """Pictures of one size in rows of `columns` on white, each with its caption below in two lines at most."""
    width, height = pictures[0].size
    rows = -(-len(pictures) // columns)
    across, down = width + GAP, height + CAPTION + GAP
    page = Image.new("RGB", (columns * across + GAP, rows * down + GAP), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(size=10)
    for k, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        x, y = GAP + k % columns * across, GAP + k // columns * down
        page.paste(picture, (x, y))
        pen.multiline_text(
            (x, y + height + 2), "\n".join(textwrap.wrap(caption, width * 26 // 128)[:2]), fill="#444444", font=font
        )
    return page


def main() -> None:
    """Draw, lay out, write."""
    parser = argparse.ArgumentParser(description="The README's sheet of pictures.")
    parser.add_argument("--prompts", type=Path, default=Path("prompts.txt"))
    parser.add_argument("--out", type=Path, default=Path("docs/sheet.png"))
    parser.add_argument("--model", default="tavola")
    options = parser.parse_args()
    prompts = options.prompts.read_text(encoding="utf-8").splitlines()
    model, start = sfumato.load(options.model), time.perf_counter()
    pictures = []
    for k, prompt in enumerate(prompts):
        pictures.append(over_white(model.generate(prompt, seed=k)[0].image))
        print(f"\r{k + 1}/{len(prompts)}", end="", flush=True)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    about = PngInfo()
    about.add_text("model_hash", model.bundle.model_hash)
    sheet(pictures, prompts).save(options.out, optimize=True, pnginfo=about)
    print(f"\r{options.out}: {len(pictures)} pictures in {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main()
