"""The trained parts that a denoiser is trained with and that stay as they are: text encoder and autoencoder."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch

from sfumato import checkpoint
from sfumato.adapters.clip import is_clip, read_clip
from sfumato.choices import refuse_unknown
from sfumato.errors import CheckpointError, RecipeError
from sfumato.nets.vae import VAE
from sfumato.parts import build_conditioner, fill
from sfumato.text.conditioner import TextConditioner
from sfumato.text.nothing import NoText
from sfumato.train.recipe import Space
from sfumato.weights import parse

DESCRIPTION = "autoencoder.json"
TEXT = {"conditioner": "encoder", "tokenizer": "tokenizer"}
"""The text encoder's files by role, and what a recipe calls their hashes."""


def load_conditioner(options: Mapping[str, Any], device: torch.device) -> TextConditioner | NoText:
    """The text encoder of a recipe's table `text`: {"kind", "max_tokens"} and what text_parts reads, or kind "none"."""
    if options.get("kind") == "none":
        refuse_unknown(options, ("kind",), "the recipe's table 'text' of kind 'none'")
        return NoText(device)
    parts = text_parts(options)
    described = {k: v for k, v in options.items() if k in ("kind", "max_tokens")}
    conditioner = cast(TextConditioner, build_conditioner(described, parts["conditioner"], parts["tokenizer"]))
    conditioner.encoder.to(device)
    return conditioner


def text_parts(options: Mapping[str, Any]) -> dict[str, bytes]:
    """The bytes of the text encoder and its tokenizer, by role; none where the kind is "none".

    Shipped parts by their sha256 ("encoder", "tokenizer"), or a "folder": what training towers wrote, a model folder,
    or CLIP's text encoder in transformers' layout. Raises RecipeError, CheckpointError or AdapterError.
    """
    if options.get("kind") == "none":
        return {}
    refuse_unknown(options, ("kind", "max_tokens", *TEXT.values(), "folder"), "the recipe's table 'text'")
    if "folder" not in options:
        return {role: blob(str(options.get(name)), checkpoint.ROLES[role]) for role, name in TEXT.items()}
    if set(options) & set(TEXT.values()):
        raise RecipeError(
            "text.folder holds both the text encoder and its tokenizer: take text.encoder and text.tokenizer away"
        )
    folder = Path(str(options["folder"]))
    if is_clip(folder):
        return dict(zip(TEXT, read_clip(folder), strict=True))
    try:
        return {role: (folder / f"{role}{checkpoint.ROLES[role]}").read_bytes() for role in TEXT}
    except OSError as error:
        raise CheckpointError(
            f"the text encoder in {folder} cannot be read: {error.strerror or error}; set text.folder to a folder with "
            "conditioner.safetensors and tokenizer.json, or with CLIP's text encoder in transformers' layout"
        ) from error


def text_facts(options: Mapping[str, Any]) -> dict[str, Any]:
    """What a run notes of a text encoder that its recipe does not name by hash: the sha256 of its files."""
    if "folder" not in options:
        return {}
    return {"text": {role: hashlib.sha256(data).hexdigest() for role, data in text_parts(options).items()}}


def blob(digest: str, suffix: str) -> bytes:
    """A shared part by its sha256. Raises CheckpointError where it is absent or damaged."""
    path = checkpoint.BLOBS / f"{digest}{suffix}"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CheckpointError(
            f"the shared part {path.name} is not in this installation; install Sfumato again"
        ) from error
    if hashlib.sha256(data).hexdigest() != digest:
        raise CheckpointError(f"{path} is damaged: its sha256 is not its name; install Sfumato again")
    return data


def load_vae(space: Space) -> tuple[VAE, str, dict[str, Any]]:
    """The autoencoder that a recipe names, in float32, the sha256 of its file, and its arguments.

    A shipped model or autoencoder, or a model folder; a folder that training an autoencoder wrote; or a .safetensors
    file, built with the arguments in `space.vae`. Raises RecipeError or CheckpointError.
    """
    if not space.autoencoder:
        raise RecipeError("space.autoencoder names no autoencoder; give a model, its folder, or a .safetensors file")
    path = located(space)
    if path.suffix == ".safetensors" or (path / DESCRIPTION).is_file():
        data, arguments = read_plain(path, space)
    else:
        folder = checkpoint.find(space.autoencoder)
        manifest = checkpoint.read_manifest(folder)
        data = checkpoint.read_files(folder, manifest).get("autoencoder", b"")
        arguments = {k: v for k, v in manifest.autoencoder.items() if k not in ("kind", "scale", "shift")}
    vae = fill(VAE, arguments, parse(data, f"the autoencoder {path.name}"), "autoencoder 'vae'")
    return vae.eval().requires_grad_(False), hashlib.sha256(data).hexdigest(), arguments  # type: ignore[return-value]


def located(space: Space) -> Path:
    """The path that a recipe names, or the folder of the autoencoder that ships under that name."""
    shipped = checkpoint.MODELS / Path(space.autoencoder).name
    path = Path(space.autoencoder)
    return shipped if not path.exists() and (shipped / DESCRIPTION).is_file() else path


def known_scale(space: Space) -> tuple[float, float] | None:
    """The scale and shift that a model was trained with, or that an autoencoder's own folder states; None elsewhere."""
    path = located(space)
    if path.suffix == ".safetensors":
        return None
    if (path / DESCRIPTION).is_file():
        described = description(path / DESCRIPTION)
        if "scale" not in described:
            return None
    else:
        described = checkpoint.read_manifest(checkpoint.find(space.autoencoder)).autoencoder
    return float(described.get("scale", 1.0)), float(described.get("shift", 0.0))


def read_plain(path: Path, space: Space) -> tuple[bytes, dict[str, Any]]:
    """An autoencoder's file and arguments: beside it in autoencoder.json, or in the recipe's space.vae.

    One that ships has no file beside autoencoder.json, which names a shared part by its sha256 instead.
    """
    file = path / "autoencoder.safetensors" if path.is_dir() else path
    described = file.with_name(DESCRIPTION)
    arguments = dict(space.vae)
    about = description(described) if described.is_file() else {}
    arguments = arguments or about.get("options", {})
    if "sha256" in about and not file.exists():
        return blob(str(about["sha256"]), ".safetensors"), arguments
    try:
        return file.read_bytes(), arguments
    except OSError as error:
        raise CheckpointError(
            f"the autoencoder {file} cannot be read; set space.autoencoder to one that exists"
        ) from error


def description(file: Path) -> dict[str, Any]:
    """autoencoder.json: "options" at least, "scale" and "shift" where they were measured. Raises CheckpointError."""
    try:
        described = json.loads(file.read_text("utf-8"))
        return {**described, "options": dict(described["options"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{file} cannot be read; export the autoencoder again") from error
