"""The weak model of autoguidance: where it is found, and what it must have in common with the one that it guides.

A model whose own guidance is by a weak one names that by its hash; it lies beside the model or ships.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sfumato.autoguidance import Weak
from sfumato.checkpoint import MODELS, find, load, read_manifest
from sfumato.errors import CheckpointError
from sfumato.manifest import NAME, Manifest
from sfumato.pipeline import Bundle

SHARED = {"autoencoder": ("autoencoder",), "conditioner": ("conditioner", "tokenizer"), "schedule": ()}
"""Parts that both have, with their files: the same latents, the same token states, the same levels."""


def find_weak(source: str | os.PathLike[str], guidance: Mapping[str, Any]) -> Path | None:
    """The folder of the weak model that `guidance`, a recipe's entry, names: beside the model `source`, or shipped."""
    if guidance.get("kind") != "auto":
        return None
    roots = dict.fromkeys((find(source).parent, MODELS))
    folders = (manifest.parent for root in roots for manifest in sorted(root.glob(f"*/{NAME}")))
    return next((folder for folder in folders if hash_of(folder) == guidance.get("weak")), None)


def hash_of(folder: Path) -> str:
    """The hash of the model in a folder; empty where it cannot be read, as a stranger's folder may lie there."""
    try:
        return read_manifest(folder).model_hash
    except CheckpointError:
        return ""


def with_weak(
    bundle: Bundle, source: str | os.PathLike[str], weak: str | os.PathLike[str] | None, device: str
) -> Bundle:
    """The bundle, loaded from `source`, with the denoiser of the model `weak` beside its own.

    None is the weak model that its own guidance names; where there is none, or it is not found, the bundle as it is.

    Raises:
        CheckpointError: another autoencoder, text encoder or schedule, or as `checkpoint.load`.
    """
    weak = weak or find_weak(source, bundle.defaults.get("guidance", {}))
    if weak is None:
        return bundle
    strong, other = read_manifest(find(source)), read_manifest(find(weak))
    for part in SHARED:
        if facts(strong, part) != facts(other, part):
            raise CheckpointError(
                f"{other.name!r} cannot guide {strong.name!r}: its {part} is another; take an early snapshot of the "
                "same run (sfumato train --resume RUN --export FOLDER --at IMAGES)"
            )
    found = load(weak, device=device, dtype=bundle.dtype)
    return replace(bundle, weak=Weak(name=found.name, model_hash=found.model_hash, denoiser=found.denoiser))


def facts(manifest: Manifest, part: str) -> tuple[object, ...]:
    """What a manifest says of a part, and the hashes of its files."""
    digests = (manifest.files[role].sha256 for role in SHARED[part] if role in manifest.files)
    return (getattr(manifest, part), *digests)
