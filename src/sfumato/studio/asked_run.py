"""What a request may ask of a run: settings that the package turns into a recipe, within the studio's caps."""

from collections.abc import Mapping
from typing import Any

from sfumato.errors import RecipeError
from sfumato.model import Model
from sfumato.recipe import Recipe
from sfumato.studio import asked

STEPS = 200
"""The most steps of a run that is kept whole."""

ENTRIES = ("prompt", "negative", "seed", "steps", "w", "sampler", "grid", "interval", "rescale", "threshold")


def recipe_of(model: Model, body: Mapping[str, Any], defaults: Recipe | None = None) -> Recipe:
    """The recipe that a body asks for; what it leaves out is the model's own, or that of `defaults`.

    Raises:
        RecipeError: out of range, unknown, or nothing that this model can do.
    """
    plain = model.recipe() if defaults is None else defaults
    kind = plain.guidance["kind"]
    own = {name: value for name, value in plain.guidance.items() if name in ("interval", "rescale")}
    guidance = dict(plain.guidance)
    if "w" in body:
        guidance["scale"] = asked.number(body, "w", -20.0, 40.0)
    for name in ("interval", "rescale"):
        if name in body:
            if name not in own:
                raise RecipeError(f"{name} is nothing that guidance {kind!r} of {model.name!r} has; leave it out")
            guidance[name] = _interval(body) if name == "interval" else asked.number(body, "rescale", 0.0, 1.0)
    texts = {name: asked.words(body, name) if name in body else getattr(plain, name) for name in ("prompt", "negative")}
    sampler = body.get("sampler", plain.sampler)
    if not isinstance(sampler, str | Mapping) or len(sampler) > 200:
        raise RecipeError("sampler is neither a name nor a table; expected such as 'ddim' or {'kind': 'ddim'}")
    grid = body.get("grid", plain.grid)
    if not isinstance(grid, str):
        raise RecipeError("grid is no text; expected a name such as 'trailing'")
    threshold = body.get("threshold", plain.threshold)
    if not isinstance(threshold, str | Mapping) or len(threshold) > 200:
        raise RecipeError("threshold is neither a name nor a table; expected such as 'none' or {'kind': 'static'}")
    return model.recipe(
        texts["prompt"],
        negative=texts["negative"],
        seed=asked.whole(body, "seed", 0, asked.SEEDS, plain.seed),
        steps=asked.whole(body, "steps", 1, STEPS, min(plain.steps, STEPS)),
        guidance=guidance,
        sampler=sampler,
        grid=grid[:40],
        threshold=threshold,
    )


def _interval(body: Mapping[str, Any]) -> tuple[float, float]:
    """Two times. Raises RecipeError."""
    value = body["interval"]
    if not isinstance(value, list) or len(value) != 2:
        raise RecipeError("interval is no list of two times; expected [low, high] within 0..1")
    low, high = (asked.number({"interval": one}, "interval", 0.0, 1.0) for one in value)
    return low, high
