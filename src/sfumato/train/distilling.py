"""The recipe that makes a few-step model out of a model that is there: its own tables, and a recipe's way with them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import isfinite
from pathlib import Path
from typing import Any

from sfumato import checkpoint
from sfumato.choices import choose
from sfumato.clocks import CLOCKS
from sfumato.errors import RecipeError
from sfumato.manifest import Manifest
from sfumato.process.schedule import CLEAN
from sfumato.process.schedules import Rectified, schedule_from
from sfumato.train.consistency_recipe import DIALS
from sfumato.train.frozen_parts import TEXT
from sfumato.train.reading import changed, read_toml, recipe_from, shipped
from sfumato.train.recipe import Data, TrainRecipe

WAY = "tavola-fast"
"""The recipe for a teacher that has none of its own."""


def way_for(source: str) -> str:
    """The shipped recipe for few steps that a teacher has, NAME-fast, else tavola-fast. Raises CheckpointError."""
    own = f"{checkpoint.read_manifest(checkpoint.find(source)).name}-fast"
    return own if own in shipped() else WAY


def recipe_for(source: str, way: str, changes: Sequence[str] = ()) -> TrainRecipe:
    """A recipe for distilling the model `source`, a shipped name or a folder.

    Network, text, space and process are the teacher's; so are data, prompts and split, where its card has the recipe
    that trained it. Method, optimiser, rate and the rest are those of the recipe `way`, and `changes` come last.

    Raises:
        CheckpointError: there is no such model. RecipeError: `way` is no recipe for few steps, or a change is none.
    """
    table = read_toml(way)
    if table.get("objective") != "consistency":
        raise RecipeError(f"the recipe {way!r} has no objective 'consistency'; take {WAY}, or one made like it")
    folder = checkpoint.find(source)
    manifest = checkpoint.read_manifest(folder)
    name = source if source in checkpoint.shipped() and not Path(source).exists() else str(folder.resolve())
    table |= {"name": f"{manifest.name}-fast", "about": f"{manifest.name} in few evaluations"}
    table |= {"text": text_of(manifest, name), "space": space_of(manifest, name), "data": data_of(manifest)}
    table["consistency"] = table.get("consistency", {}) | levels_of(manifest, table) | {"teacher": name}
    method = changed(table, changes)["consistency"].get("method", "distillation")
    dials = DIALS.get(method, 0)
    table["network"] = {**manifest.denoiser, "dials": max(int(manifest.denoiser.get("dials", 0)), dials)}
    process = {part: dict(getattr(manifest, part)) for part in ("schedule", "parameterisation", "clock")}
    table["process"] = table.get("process", {}) | process
    table["watch"] = table.get("watch", {}) | watch_of(manifest)
    return recipe_from(changed(table, changes))


def levels_of(manifest: Manifest, table: Mapping[str, Any]) -> dict[str, Any]:
    """Where the recipe's own grid does not fit the teacher: "trailing" where its schedule is another than rectified.

    The paper's levels where its clock has no number for the picture itself, as EDM's log sigma: from "karras", whose
    cleanest level, the schedule's first step, is the boundary.
    """
    schedule = schedule_from(manifest.schedule)
    if not isfinite(choose(CLOCKS, manifest.clock, "clock")(CLEAN)):  # type: ignore[arg-type]
        return {"grid": "karras", "t_min": schedule.at(1).t}
    other = not isinstance(schedule, Rectified) and table.get("consistency", {}).get("grid") == "shifted"
    return {"grid": "trailing"} if other else {}


def text_of(manifest: Manifest, name: str) -> dict[str, Any]:
    """The teacher's text encoder: shared parts by their hashes, its own by its folder."""
    files = manifest.files
    if not {"conditioner", "tokenizer"} <= set(files):
        return dict(manifest.conditioner)
    shared = all((checkpoint.BLOBS / f"{files[r].sha256}{checkpoint.ROLES[r]}").exists() for r in files if r in TEXT)
    if not shared:
        return {**manifest.conditioner, "folder": name}
    return {**manifest.conditioner, **{TEXT[role]: files[role].sha256 for role in TEXT}}


def space_of(manifest: Manifest, name: str) -> dict[str, Any]:
    """The teacher's own autoencoder, or the pixels."""
    if manifest.autoencoder.get("kind") == "pixels":
        return {"kind": "pixels"}
    return {"kind": "latent", "autoencoder": name}


def data_of(manifest: Manifest) -> dict[str, Any]:
    """What the teacher was shown, as its card has it; the plain corpus at its size where it has none."""
    trained = own_recipe(manifest)
    data = dict(trained["data"]) if "data" in trained else asdict(Data())
    return data | {"size": manifest.sizes[0][0]} | ({"augment": 0.0} if data.get("augment") else {})


def watch_of(manifest: Manifest) -> dict[str, Any]:
    """The teacher's prompts, split and guidance."""
    own = own_recipe(manifest).get("watch", {})
    return {key: own[key] for key in ("prompts", "split") if key in own} | scale_of(manifest)


def scale_of(manifest: Manifest) -> dict[str, float]:
    """The w that a model draws with by default, as a recipe's watch has it; empty where it says none."""
    scale = manifest.defaults.get("guidance", {}).get("scale")
    return {} if scale is None else {"guidance": float(scale)}


def own_recipe(manifest: Manifest) -> Mapping[str, Any]:
    """The recipe that a model's card says it was trained by."""
    recipe = manifest.card.get("recipe", {})
    return recipe if isinstance(recipe, Mapping) else {}
