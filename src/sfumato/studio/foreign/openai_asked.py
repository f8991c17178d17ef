"""What a body of OpenAI's Images asks for, as recipes that this model can draw; whatever it cannot is refused."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sfumato.errors import RecipeError
from sfumato.model import Model
from sfumato.provenance.files import FORMATS
from sfumato.recipe import Recipe
from sfumato.studio import asked
from sfumato.studio.asked_run import STEPS
from sfumato.studio.foreign.order import COUNT
from sfumato.studio.foreign.refusal import Refusal, about
from sfumato.studio.foreign.sizes import nearest, parsed

READ = (
    "prompt", "model", "n", "size", "background", "output_format", "response_format", "stream", "partial_images",
    "seed", "steps", "guidance_scale", "sampler", "negative_prompt", "partial_kind",
)  # fmt: skip
"""The entries that mean something here; the second line is our own."""

IGNORED = ("quality", "output_compression", "style", "moderation", "user", "safety_identifier")
"""Entries that are let through and change nothing; an answer names those that it was asked with."""

THEIRS = ("dall-e-", "gpt-image-", "chatgpt-image-")
"""How the names of OpenAI's own models begin, which programs send where nobody told them another."""

PARTIALS = 3
SEEDS = 2**32
"""Where no seed is asked for, one of these is drawn."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """An order of OpenAI's kind: what to draw, and how to answer.

    prompt: as it was sent, before a recipe cut it. ignored: entries that changed nothing.
    """

    prompt: str
    recipes: tuple[Recipe, ...]
    format: str
    stream: bool
    partials: int
    partial_kind: str
    ignored: tuple[str, ...]


def read(model: Model, sent: Mapping[str, Any]) -> Asked:
    """The order in a body; entries that are null are left out.

    Raises:
        Refusal: an entry is unknown or out of range. RecipeError: nothing that this model can do.
    """
    body = {name: value for name, value in sent.items() if value is not None}
    for name in sorted(body):
        if name not in READ and name not in IGNORED:
            raise Refusal(f"Unknown parameter: {name[:40]!r}", param=name[:40], code="unknown_parameter")
    stream, partials = _flag(body, "stream"), _number(body, "partial_images", 0, PARTIALS, 0)
    count = _number(body, "n", 1, COUNT, 1)
    if stream and count > 1:
        raise Refusal(f"n is {count}; a stream has one picture: leave out n, or stream", param="n")
    _one_of(body, "response_format", ("b64_json",))
    return Asked(
        prompt=_prompt(body),
        recipes=tuple(model.recipes(_prompt(body), count=count, **settings(model, body))),
        format=_format(body),
        stream=stream,
        partials=partials,
        partial_kind=_one_of(body, "partial_kind", ("x0hat", "x_t")),
        ignored=tuple(name for name in IGNORED if name in body) + _other_model(model, body),
    )


def settings(model: Model, body: Mapping[str, Any]) -> dict[str, Any]:
    """What a body says of the recipe, as `Model.recipe` takes it. Raises Refusal."""
    found: dict[str, Any] = {"seed": secrets.randbelow(SEEDS)}
    if "seed" in body:
        found["seed"] = _number(body, "seed", 0, asked.SEEDS)
    if "steps" in body:
        found["steps"] = _number(body, "steps", 1, STEPS)
    if "guidance_scale" in body:
        with about("guidance_scale"):
            found["guidance"] = asked.number(body, "guidance_scale", -20.0, 40.0)
    if "negative_prompt" in body:
        with about("negative_prompt"):
            found["negative"] = asked.words(body, "negative_prompt")
    if "sampler" in body:
        with about("sampler"):
            name = asked.words(body, "sampler")
            model.recipe(sampler=name)
            found["sampler"] = name
    size = parsed(body.get("size", "auto"))
    if size is not None:
        found["size"] = nearest(model.bundle.sizes, size)
    if _one_of(body, "background", ("auto", "opaque", "transparent")) == "transparent":
        with about("background"):
            found["background"] = model.recipe(background="transparent").background
        if _format(body) == "jpeg":
            raise Refusal("a JPEG cannot be transparent; ask for png or webp", param="output_format")
    return found


def _prompt(body: Mapping[str, Any]) -> str:
    prompt = body.get("prompt")
    if not isinstance(prompt, str):
        raise Refusal("prompt is missing or no text", param="prompt", code="missing_required_parameter")
    return prompt


def _format(body: Mapping[str, Any]) -> str:
    return _one_of(body, "output_format", tuple(FORMATS))


def _one_of(body: Mapping[str, Any], name: str, choices: tuple[str, ...]) -> str:
    try:
        return asked.among(body, name, choices)
    except RecipeError as problem:
        raise Refusal(str(problem), param=name, code="unsupported_value") from problem


def _number(body: Mapping[str, Any], name: str, low: int, high: int, default: int | None = None) -> int:
    with about(name):
        return asked.whole(body, name, low, high, default)


def _flag(body: Mapping[str, Any], name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise Refusal(f"{name} is {str(value)[:40]!r}; expected true or false", param=name)
    return value


def _other_model(model: Model, body: Mapping[str, Any]) -> tuple[str, ...]:
    """("model",) where a body names one of OpenAI's, () where it names ours or none. Raises Refusal."""
    name = body.get("model", model.name)
    if name == model.name:
        return ()
    if isinstance(name, str) and name.startswith(THEIRS):
        return ("model",)
    raise Refusal(
        f"the model {str(name)[:40]!r} does not exist; this studio draws with {model.name!r}",
        param="model", code="model_not_found", status=404,
    )  # fmt: skip
