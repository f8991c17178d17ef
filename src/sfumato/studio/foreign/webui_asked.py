"""What a body of A1111's txt2img asks for, as recipes that this model can draw."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sfumato.model import Model
from sfumato.recipe import Recipe
from sfumato.studio import asked
from sfumato.studio.asked_run import STEPS
from sfumato.studio.foreign.order import COUNT
from sfumato.studio.foreign.refusal import Refusal
from sfumato.studio.foreign.sizes import MOST, nearest
from sfumato.studio.foreign.webui_facts import is_ours
from sfumato.studio.foreign.webui_names import grid_of, sampler_of

READ = (
    "prompt", "negative_prompt", "seed", "steps", "cfg_scale", "width", "height", "batch_size", "n_iter",
    "sampler_name", "sampler_index", "scheduler", "override_settings", "send_images",
)  # fmt: skip
"""The entries that mean something here. Programs send many more, most of them empty."""

CHECKPOINT = "sd_model_checkpoint"
SEEDS = 2**32
"""One of these is drawn where the seed is -1 or left out, as theirs are."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """An order of A1111's kind. ignored: entries that say something and changed nothing."""

    recipes: tuple[Recipe, ...]
    batch: int
    send: bool
    ignored: tuple[str, ...]


def read(model: Model, sent: Mapping[str, Any]) -> Asked:
    """The order in a body; entries that are null are left out. One that is unknown is ignored, and named.

    Raises:
        Refusal: no such sampler, scheduler or model. RecipeError: out of range, or nothing that this model can do.
    """
    body = {name: value for name, value in sent.items() if value is not None}
    batch, rounds = (asked.whole(body, name, 1, COUNT, 1) for name in ("batch_size", "n_iter"))
    if batch * rounds > COUNT:
        raise Refusal(f"batch_size x n_iter is {batch * rounds}; expected at most {COUNT} pictures", param="n_iter")
    send = body.get("send_images", True)
    if not isinstance(send, bool):
        raise Refusal("send_images is neither true nor false", param="send_images")
    prompt = body.get("prompt", "")
    if not isinstance(prompt, str):
        raise Refusal("prompt is no text", param="prompt")
    recipes = model.recipes(prompt, count=batch * rounds, **settings(model, body))
    return Asked(recipes=tuple(recipes), batch=batch, send=send, ignored=ignored(model, body))


def settings(model: Model, body: Mapping[str, Any]) -> dict[str, Any]:
    """What a body says of the recipe, as `Model.recipe` takes it. Raises RecipeError."""
    seed = asked.whole(body, "seed", -1, asked.SEEDS, -1)
    found: dict[str, Any] = {"seed": secrets.randbelow(SEEDS) if seed < 0 else seed}
    found["negative"] = asked.words(body, "negative_prompt")
    if "steps" in body:
        found["steps"] = asked.whole(body, "steps", 1, STEPS)
    if "cfg_scale" in body:
        found["guidance"] = asked.number(body, "cfg_scale", -20.0, 40.0)
    sampler = asked.words(body, "sampler_name") or asked.words(body, "sampler_index")
    if sampler:
        found["sampler"], found["grid"] = sampler_of(model, sampler)
    scheduler = asked.words(body, "scheduler")
    if scheduler and not (found.get("grid") and scheduler.lower() == "automatic"):
        found["grid"] = grid_of(scheduler)
    if "width" in body or "height" in body:
        plain = model.recipe().size
        sides = (asked.whole(body, name, 1, MOST, plain[k]) for k, name in enumerate(("width", "height")))
        width, height = sides
        found["size"] = nearest(model.bundle.sizes, (width, height))
    return found


def ignored(model: Model, body: Mapping[str, Any]) -> tuple[str, ...]:
    """The entries that say something and change nothing. Raises Refusal for another model than ours."""
    override = body.get("override_settings", {})
    if not isinstance(override, Mapping):
        raise Refusal("override_settings is no object", param="override_settings")
    name = override.get(CHECKPOINT)
    if name and not is_ours(model, name):
        raise Refusal(f"model {str(name)[:40]!r} not found; {model.name!r} draws here", param=CHECKPOINT, status=404)
    names = [name for name, value in body.items() if name not in READ and value not in (False, "", [], {})]
    return (*names, *(f"override_settings.{each}" for each in override if each != CHECKPOINT))
