"""What A1111's clients are answered: pictures with their lines, and how far one is."""

import base64
import io
import json
import time
from collections.abc import Mapping
from typing import Any

import PIL.Image

from sfumato.model import Model
from sfumato.picture import to_bytes
from sfumato.recipe import Recipe
from sfumato.samplers.base import Step
from sfumato.studio.foreign import infotext
from sfumato.studio.foreign.order import Order
from sfumato.studio.foreign.webui_asked import READ, Asked
from sfumato.studio.foreign.webui_facts import DIGITS
from sfumato.studio.foreign.webui_names import NAMES


def answer(body: Mapping[str, Any], asked: Asked, order: Order) -> dict[str, Any]:
    """The pictures in base64, the request as it was understood, and `info`, which is JSON in a text."""
    images = [base64.b64encode(infotext.png(picture)).decode() for picture in order.pictures] if asked.send else []
    understood = {name: value for name, value in body.items() if name in READ} | _settings(asked.recipes[0])
    return {"images": images, "parameters": understood, "info": json.dumps(info(asked, order))}


def info(asked: Asked, order: Order) -> dict[str, Any]:
    """What was drawn, under their names; under `sfumato`, what was ignored and what the user should know."""
    recipes, first = [picture.recipe for picture in order.pictures], asked.recipes[0]
    notes = sorted({note for picture in order.pictures for note in picture.notes})
    return _settings(first) | {
        "all_prompts": [recipe.prompt for recipe in recipes],
        "all_negative_prompts": [recipe.negative for recipe in recipes],
        "all_seeds": [recipe.seed for recipe in recipes],
        "batch_size": asked.batch,
        "sd_model_name": first.model,
        "sd_model_hash": first.model_hash[:DIGITS],
        "index_of_first_image": 0,
        "infotexts": [infotext.infotext(recipe) for recipe in recipes],
        "job_timestamp": _stamp(order),
        "version": infotext.entries(first)["Version"],
        "sfumato": {
            "ignored": list(asked.ignored),
            "notes": notes,
            "interrupted": len(recipes) < len(asked.recipes),
        },
    }


def progress_of(order: Order | None) -> dict[str, Any]:
    """How far an order is, 0..1, and its seconds to come, about. Without one all is exactly zero."""
    done = 0.0 if order is None else order.progress
    spent = 0.0 if order is None else time.time() - order.born
    step = None if order is None else order.step
    return {
        "progress": done,
        "eta_relative": spent / done - spent if done else 0.0,
        "state": {
            "skipped": order is not None and order.skipped,
            "interrupted": order is not None and order.interrupted,
            "stopping_generation": False,
            "job": "" if order is None else "txt2img",
            "job_count": 0 if order is None else len(order.recipes),
            "job_timestamp": "0" if order is None else _stamp(order),
            "job_no": 0 if order is None else order.at,
            "sampling_step": 0 if step is None else step.i + 1,
            "sampling_steps": 0 if order is None else order.recipes[0].steps,
        },
        "current_image": None,
        "textinfo": None,
    }


def looks(model: Model, step: Step) -> bytes:
    """What the model believes the picture to be, as a PNG without a recipe: none makes it."""
    pixels = to_bytes(model.bundle.autoencoder.decode(step.prediction.x0_hat))[0]
    out = io.BytesIO()
    PIL.Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def _settings(recipe: Recipe) -> dict[str, Any]:
    width, height = recipe.finished_size
    return {
        "prompt": recipe.prompt, "negative_prompt": recipe.negative, "seed": recipe.seed, "steps": recipe.steps,
        "cfg_scale": recipe.guidance["scale"], "width": width, "height": height,
        "sampler_name": NAMES[recipe.sampler["kind"]][0], "scheduler": recipe.grid,
    }  # fmt: skip


def _stamp(order: Order) -> str:
    """When it was ordered, local time."""
    return time.strftime("%Y%m%d%H%M%S", time.localtime(order.born))
