"""The dials that a model really has: what a page may offer, with the model's own settings."""

from typing import Any, Literal, get_args, get_origin, get_type_hints

from sfumato.model import Model
from sfumato.process.grid import GRIDS
from sfumato.samplers import SAMPLERS, sampler_to
from sfumato.studio.asked_run import STEPS

SCALES = (-2.0, 20.0)
"""The guidance that a slider offers where a model says nothing: past both ends pictures tell nothing new."""


def controls(model: Model) -> dict[str, Any]:
    """Defaults, samplers with their options, grids, and which kind of guidance in what range."""
    plain, few = model.recipe(), model.bundle.card.get("few_steps")
    guidance = plain.guidance
    low, high = guidance.get("range", SCALES)
    kinds = [kind for kind in SAMPLERS if kind != "consistency" or few is not None]
    return {
        "defaults": {"seed": plain.seed, "steps": plain.steps, "w": guidance["scale"], "grid": plain.grid},
        "sampler": dict(plain.sampler),
        "samplers": [{"kind": kind, "options": options(kind)} for kind in kinds],
        "grids": list(GRIDS),
        "most": min(STEPS, model.bundle.schedule.T),
        "guidance": {
            "kind": guidance["kind"],
            "low": low,
            "high": high,
            "negative": guidance["kind"] == "classifier-free",
            "interval": guidance.get("interval"),
            "rescale": guidance.get("rescale"),
        },
        "size": list(plain.size),
        "channels": model.bundle.autoencoder.channels,
        "colours": model.bundle.autoencoder.colours,
    }


def options(kind: str) -> list[dict[str, Any]]:
    """The options of a sampler: name, default, and what there is to choose from, where that is a few words."""
    hints, plain = get_type_hints(SAMPLERS[kind]), sampler_to(SAMPLERS[kind]())
    return [
        {"name": name, "value": value, "choices": _choices(hints[name])}
        for name, value in plain.items()
        if name != "kind"
    ]


def _choices(hint: Any) -> list[str]:
    return list(get_args(hint)) if get_origin(hint) is Literal else []
