"""The recipe by which a model is trained further: the one that it says it was trained by, with its own parts."""

from pathlib import Path
from typing import Any

from sfumato import checkpoint
from sfumato.choices import plain
from sfumato.errors import RecipeError
from sfumato.manifest import Manifest
from sfumato.train.distilling import own_recipe, scale_of, space_of, text_of
from sfumato.train.frozen_parts import DESCRIPTION, description, located
from sfumato.train.recipe import Space

TUNED = "-tuned"
GENTLY = 0.2
"""Of the rate that the model was trained at: at the whole one a small set undoes what it knows (docs/log.md)."""


def recipe_of(source: str) -> dict[str, Any]:
    """The tables of a recipe for training the model or autoencoder `source`, a shipped name or a folder, further.

    Where its own run ended says nothing of this one, which has no end as yet. Its learning rate is GENTLY times that
    of the model's own training, whatever it was trained further since. A model's text encoder and autoencoder are
    those that it holds, wherever its recipe had them from. Sheets are drawn as the model draws where nobody says
    otherwise, so that they and the model that comes of it can be compared with it.

    Raises:
        CheckpointError: there is no such model. RecipeError: it does not say by which recipe it was trained.
    """
    table = described(located(Space(autoencoder=source)) / DESCRIPTION, source)
    if "network" not in table:
        raise RecipeError(f"{source} does not say by which recipe it was trained; name one by --recipe")
    name, optimiser = str(table["name"]), table["optimiser"]
    if not name.endswith(TUNED):
        name, optimiser = name + TUNED, {**optimiser, "lr": GENTLY * optimiser["lr"]}
    rate = {**table["rate"], "seconds": 0.0, "images": 0, "cooldown": 0}
    return {**table, "name": name, "optimiser": optimiser, "rate": rate}


def described(autoencoder: Path, source: str) -> dict[str, Any]:
    """The tables in an autoencoder's description, where there is that file, else in a model's card."""
    if autoencoder.is_file():
        return plain(description(autoencoder).get("recipe", {}))
    folder = checkpoint.find(source)
    manifest = checkpoint.read_manifest(folder)
    name = source if source in checkpoint.shipped() and not Path(source).exists() else str(folder.resolve())
    table = plain(own_recipe(manifest))
    if not table:
        return {}
    own = {"text": text_of(manifest, name), "space": space_of(manifest, name)}
    return {**table, **own, "watch": {**table.get("watch", {}), **drawing(manifest)}}


def drawing(manifest: Manifest) -> dict[str, Any]:
    """How a denoiser draws where nobody says otherwise, as a recipe's watch has it; a student's way is its own."""
    if own_recipe(manifest).get("objective", "denoiser") != "denoiser":
        return {}
    said = plain(manifest.defaults)
    return {key: said[key] for key in ("steps", "sampler", "threshold") if key in said} | scale_of(manifest)
