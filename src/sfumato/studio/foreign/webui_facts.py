"""What A1111's clients look up before they ask for a picture: the model, samplers, schedulers, and what is not here."""

import os
from collections.abc import Mapping
from typing import Any

from sfumato.model import Model
from sfumato.process.grid import GRIDS
from sfumato.studio.foreign.webui_names import AUTOMATIC, NAMES, SCHEDULERS, samplers

DIGITS = 10
"""Of a model's hash, as they show it."""


def title(model: Model) -> str:
    """The model as their lists call it."""
    return f"{model.name} [{model.bundle.model_hash[:DIGITS]}]"


def is_ours(model: Model, name: Any) -> bool:
    """Does a program mean this model: by its title, its name, or its hash?"""
    whole = model.bundle.model_hash
    return name in (title(model), model.name, whole, whole[:DIGITS])


def models(model: Model) -> list[dict[str, Any]]:
    """The one that draws here. Its file is named and not where it lies."""
    whole = model.bundle.model_hash
    told = {"title": title(model), "model_name": model.name, "hash": whole[:DIGITS], "sha256": whole}
    return [told | {"filename": model.name, "config": None}]


def options(model: Model) -> dict[str, Any]:
    """The settings that programs read."""
    return {
        "sd_model_checkpoint": title(model), "sd_checkpoint_hash": model.bundle.model_hash, "samples_format": "png",
    }  # fmt: skip


def sampler_list(model: Model) -> list[dict[str, Any]]:
    """All samplers of this model."""
    kinds = samplers(model)
    return [{"name": NAMES[kind][0], "aliases": [kind, *NAMES[kind][1]], "options": {}} for kind in kinds]


def scheduler_list(_: Model) -> list[dict[str, Any]]:
    """All grids, the model's own first. default_rho: of Karras' levels."""
    plain = {"default_rho": -1.0, "need_inner_model": False}
    own = {"name": AUTOMATIC, "label": "Automatic", "aliases": None} | plain
    rho = {"karras": {"default_rho": 7.0}}
    return [own] + [
        {"name": grid, "label": SCHEDULERS[grid][0], "aliases": list(SCHEDULERS[grid][1]) or None}
        | plain
        | rho.get(grid, {})
        for grid in GRIDS
    ]


UPSCALERS = [{"name": "None", "model_name": None, "model_path": None, "model_url": None, "scale": 4.0}]

NOTHING: Mapping[str, Any] = {
    "latent-upscale-modes": [], "sd-vae": [], "sd-modules": [], "hypernetworks": [], "face-restorers": [],
    "prompt-styles": [], "loras": [], "realesrgan-models": [], "embeddings": {"loaded": {}, "skipped": {}},
}  # fmt: skip
"""Lists that are empty here."""


def flags() -> dict[str, Any]:
    """The flags that their command would have been started with."""
    return {"api": True, "nowebui": True, "listen": False, "share": False, "cors_allow_origins": None}


def memory() -> dict[str, Any]:
    """Bytes of this machine's memory, where it can be told."""
    try:
        page = os.sysconf("SC_PAGE_SIZE")
        free, total = (page * os.sysconf(name) for name in ("SC_AVPHYS_PAGES", "SC_PHYS_PAGES"))
        ram: dict[str, Any] = {"free": free, "used": total - free, "total": total}
    except (AttributeError, OSError, ValueError):
        ram = {"error": "unknown on this machine"}
    return {"ram": ram, "cuda": {"error": "not told"}}
