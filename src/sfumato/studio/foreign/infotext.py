"""A recipe in the lines that A1111's web UI writes into its PNGs, and those lines out of a file."""

import base64
import binascii
import io
import json
from typing import Any

import PIL.Image

from sfumato import __version__
from sfumato.errors import RecipeError
from sfumato.picture import Picture
from sfumato.provenance.files import PIXEL_LIMIT, TEXT_LIMIT, encode
from sfumato.provenance.record import open_record, read_record
from sfumato.recipe import Recipe
from sfumato.studio.foreign.webui_facts import DIGITS
from sfumato.studio.foreign.webui_names import NAMES, SCHEDULERS

KEYWORD = "parameters"
"""Of the chunk."""


def entries(recipe: Recipe) -> dict[str, Any]:
    """The settings of a recipe under their names, in their order."""
    width, height = recipe.finished_size
    return {
        "Steps": recipe.steps,
        "Sampler": NAMES[recipe.sampler["kind"]][0],
        "Schedule type": SCHEDULERS[recipe.grid][0],
        "CFG scale": recipe.guidance["scale"],
        "Seed": recipe.seed,
        "Size": f"{width}x{height}",
        "Model hash": recipe.model_hash[:DIGITS],
        "Model": recipe.model,
        "Version": f"sfumato {__version__}",
    }


def infotext(recipe: Recipe) -> str:
    """Prompt, negative prompt, and one line of settings. A reading aid: the whole recipe is in a chunk of its own."""
    said = ", ".join(f"{name}: {_quoted(value)}" for name, value in entries(recipe).items())
    negative = f"\nNegative prompt: {recipe.negative}" if recipe.negative else ""
    return f"{recipe.prompt}{negative}\n{said}"


def png(picture: Picture) -> bytes:
    """The picture with its recipe, as every one of ours, and with these lines."""
    return encode(picture.image, open_record(picture.recipe), "png", {KEYWORD: infotext(picture.recipe)})


def read(coded: Any) -> dict[str, Any]:
    """What a PNG in base64, with "data:..." before it or not, says of itself: `info`, `items`, `parameters`.

    From a file that anybody may have made: pixels are counted and texts are capped. Raises RecipeError for no picture.
    """
    if not isinstance(coded, str):
        raise RecipeError("image is no text; expected a PNG in base64")
    head, comma, rest = coded.partition(",")
    try:
        data = base64.b64decode(rest if comma and head.startswith("data:") else coded, validate=True)
        with PIL.Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            if image.width * image.height > PIXEL_LIMIT:
                raise RecipeError(f"the picture has more than {PIXEL_LIMIT} pixels")
            texts = {str(name): str(text) for name, text in getattr(image, "text", {}).items()}
    except RecipeError:
        raise
    except (binascii.Error, ValueError) as problem:
        raise RecipeError("image is no base64") from problem
    except Exception as problem:  # decoders raise many kinds on damaged files; all mean the same here
        raise RecipeError("image is no readable PNG") from problem
    if sum(map(len, texts.values())) > TEXT_LIMIT:
        raise RecipeError(f"the picture's texts have more than {TEXT_LIMIT} characters")
    return _told(texts)


def _told(texts: dict[str, str]) -> dict[str, Any]:
    recipe = None
    if "sfumato" in texts:
        try:
            recipe = read_record(texts["sfumato"]).recipe
        except RecipeError:  # newer, forked or damaged: what else the file says still holds
            recipe = None
    try:
        own = {} if recipe is None else {"Prompt": recipe.prompt, "Negative prompt": recipe.negative} | entries(recipe)
        written = "" if recipe is None else infotext(recipe)
    except (KeyError, TypeError):  # of a sampler or grid that is none of ours
        own, written = {}, ""
    info = texts.pop(KEYWORD, written)
    return {"info": info, "items": texts | {KEYWORD: info}, "parameters": own}


def _quoted(value: Any) -> str:
    """A value, in quotes where it would end early."""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return json.dumps(text, ensure_ascii=False) if any(mark in text for mark in ",:\n") else text
