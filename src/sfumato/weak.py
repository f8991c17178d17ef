"""The weak model of autoguidance, from a folder: what it must have in common with the one that it guides."""

import os
from dataclasses import replace

from sfumato.autoguidance import Weak
from sfumato.checkpoint import find, load, read_manifest
from sfumato.errors import CheckpointError
from sfumato.manifest import Manifest
from sfumato.pipeline import Bundle

SHARED = {"autoencoder": ("autoencoder",), "conditioner": ("conditioner", "tokenizer"), "schedule": ()}
"""Parts that both have, with their files: the same latents, the same token states, the same levels."""


def with_weak(bundle: Bundle, source: str | os.PathLike[str], weak: str | os.PathLike[str], device: str) -> Bundle:
    """The bundle, loaded from `source`, with the denoiser of the model `weak` beside its own.

    Raises:
        CheckpointError: another autoencoder, text encoder or schedule, or as `checkpoint.load`.
    """
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
