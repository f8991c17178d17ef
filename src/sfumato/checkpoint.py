"""Model folders: sfumato.json and safetensors, verified on the way in, whole or absent on the way out.

- MODEL/sfumato.json: the manifest (manifest.py) with parts, files and their sha256, defaults, card;
- MODEL/denoiser.safetensors, and one file for each further part, unless it is shared:
- models/blobs/SHA256.suffix: a part that several shipped models use, named by its hash;
- base: the denoiser of another model, to which that of this one adds (added.py); where it ships, it is not there twice;
- MODEL/ATTRIBUTION: whose pictures the weights were trained on.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sfumato.added import added
from sfumato.atomic import new_folder, write_durably, write_file
from sfumato.choices import choose, near
from sfumato.clocks import CLOCKS
from sfumato.denoiser import NetworkDenoiser
from sfumato.errors import CheckpointError, RecipeError, SfumatoError
from sfumato.manifest import LIMIT, NAME, File, Manifest
from sfumato.pipeline import Bundle
from sfumato.process.parameterisation import parameterisation_from
from sfumato.process.schedules import schedule_from
from sfumato.recipe import DTYPES
from sfumato.weights import parse, read_verified, sha256

PACKAGE = Path(__file__).parent
MODELS = PACKAGE / "models"
BLOBS = MODELS / "blobs"
WEIGHTS = ".safetensors"
ROLES = {"denoiser": WEIGHTS, "autoencoder": WEIGHTS, "conditioner": WEIGHTS, "tokenizer": ".json", "base": WEIGHTS}
"""The files that a model may have, and how their names end."""


def shipped() -> list[str]:
    """The names of the models in this installation."""
    return sorted(folder.parent.name for folder in MODELS.glob(f"*/{NAME}"))


def find(source: str | os.PathLike[str]) -> Path:
    """The folder of a model: a path (of the folder, or of a run that has one) or a shipped name.

    Raises:
        CheckpointError: there is none.
    """
    path = Path(source)
    for folder in (path, path / "model"):
        if (folder / NAME).is_file():
            return folder
    if str(source) in shipped():
        return MODELS / str(source)
    if path.exists():
        raise CheckpointError(f"{path} is not a model folder: it has no {NAME}; give the folder that holds one")
    raise CheckpointError(
        f"there is no model {str(source)!r}; {near(str(source), shipped())}, or give the path of a model folder"
    )


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a model folder. Raises CheckpointError."""
    path = folder / NAME
    try:
        if path.stat().st_size > LIMIT:
            raise CheckpointError(f"{path} is damaged: it is larger than {LIMIT} bytes; get the model again")
        return Manifest.from_json(path.read_bytes())
    except OSError as problem:
        raise CheckpointError(
            f"cannot read {path}: {(problem.strerror or 'error').lower()}; get the model again"
        ) from problem
    except TypeError as problem:
        raise CheckpointError(f"{path} is damaged: {problem}; get the model again") from problem


def locate(folder: Path, file: File) -> Path:
    """Where a file of the model lies: in the folder, else among the shared ones."""
    own = folder / file.path
    if own.exists():
        return own
    shared = BLOBS / f"{file.sha256}{Path(file.path).suffix}"
    if shared.exists():
        return shared
    if (twin := shipped_twin(file.sha256)) is not None:
        return twin
    raise CheckpointError(f"{own} is missing; get the model again")


def shipped_twin(digest: str) -> Path | None:
    """The file with that hash in the folder of a shipped model; None where there is none."""
    for name in shipped():
        for file in read_manifest(MODELS / name).files.values():
            if file.sha256 == digest and (MODELS / name / file.path).exists():
                return MODELS / name / file.path
    return None


def read_files(folder: Path, manifest: Manifest) -> dict[str, bytes]:
    """The bytes of every file by role, each verified against the manifest."""
    for role, file in manifest.files.items():
        if role not in ROLES:
            raise CheckpointError(f"{NAME} names a file for an unknown part {role!r}; {near(role, ROLES)}")
        if not file.path.endswith(ROLES[role]):
            raise CheckpointError(
                f"{NAME}: the file of {role} is {file.path!r}; expected a name that ends in {ROLES[role]}"
            )
    return {
        role: read_verified(locate(folder, file), digest=file.sha256, size=file.bytes)
        for role, file in manifest.files.items()
    }


def denoiser_weights(data: Mapping[str, bytes], what: str = "the denoiser") -> dict[str, Any]:
    """The denoiser's tensors from the bytes of a model's files, put together where it adds to a base."""
    tensors = parse(data["denoiser"], what)
    return added(tensors, parse(data["base"], f"the base of {what}")) if "base" in data else tensors


def load(source: str | os.PathLike[str], *, device: str = "cpu", dtype: str = "float32") -> Bundle:
    """A model from its folder or shipped name, every byte verified, on `device` with its network in `dtype`.

    Raises:
        CheckpointError: missing, damaged, newer than this version, or with an entry that is not understood.
        UnavailableError: no such device. RecipeError: no such dtype.
    """
    if dtype not in DTYPES:
        raise RecipeError(f"dtype is {dtype!r}; expected one of {', '.join(DTYPES)}")
    folder = find(source)
    manifest = read_manifest(folder)

    from sfumato.parts import device_named

    place = device_named(device)
    data = read_files(folder, manifest)
    try:
        return assemble(manifest, data, place, dtype)
    except CheckpointError:
        raise
    except SfumatoError as problem:  # a part with impossible options says so in its own way
        raise CheckpointError(f"{folder / NAME}: {problem}") from problem


def assemble(manifest: Manifest, data: Mapping[str, bytes], device: Any, dtype: str) -> Bundle:
    """The living model of a manifest and the bytes of its files. Raises SfumatoError where they do not fit."""
    import torch

    from sfumato.engine import describe
    from sfumato.nets.frozen import Frozen
    from sfumato.parts import build_autoencoder, build_conditioner, build_network

    if "denoiser" not in data:
        raise CheckpointError(f"{NAME} names no file for the denoiser; get the model again")
    schedule, clock = schedule_from(manifest.schedule), choose(CLOCKS, manifest.clock, "clock")
    parameterisation = parameterisation_from(manifest.parameterisation)
    network = build_network(manifest.denoiser, denoiser_weights(data))
    autoencoder = build_autoencoder(manifest.autoencoder, data.get("autoencoder"))
    conditioner: Any = build_conditioner(manifest.conditioner, data.get("conditioner"), data.get("tokenizer"))
    for module in (getattr(autoencoder, "vae", None), getattr(conditioner, "encoder", conditioner)):
        if module is not None:
            module.to(device)
    precision = getattr(torch, dtype)
    return Bundle(
        name=manifest.name,
        model_hash=manifest.model_hash,
        conditioner=conditioner,
        denoiser=NetworkDenoiser(Frozen(network.to(device, precision), precision), parameterisation, clock),
        autoencoder=autoencoder,
        schedule=schedule,
        sizes=manifest.sizes,
        defaults=manifest.defaults,
        card=manifest.card,
        dtype=dtype,
        engine=describe(device),
    )


def save(
    folder: str | os.PathLike[str],
    manifest: Manifest,
    files: Mapping[str, bytes],
    *,
    shared: Mapping[str, bytes] | None = None,
    attribution: str | None = None,
    replace_existing: bool = False,
) -> Manifest:
    """Write a model folder, whole or not at all; answer the manifest with its files filled in.

    files: the bytes of each part by role (weights.serialise makes them), written into the folder. shared: parts
    written among the blobs of this installation instead, for models that ship together. attribution: the text beside
    the weights; by default that of the corpus that Sfumato's own models learn from.

    Raises:
        CheckpointError: an unknown role. OutputError: the folder exists or cannot be written.
    """
    shared = shared or {}
    target = Path(folder)
    for role in (*files, *shared):
        if role not in ROLES:
            raise CheckpointError(f"unknown part {role!r}; {near(role, ROLES)}")
    entries = {
        role: File(path=f"{role}{ROLES[role]}", sha256=sha256(data), bytes=len(data))
        for role, data in sorted((dict(files) | dict(shared)).items())
    }
    manifest = replace(manifest, files=entries)
    for role, data in shared.items():
        twin = shipped_twin(entries[role].sha256)
        if twin is None or twin.parent == target:
            write_blob(data, ROLES[role])
    with new_folder(target, replace=replace_existing) as building:
        for role, data in files.items():
            write_durably(building / entries[role].path, data)
        text = (PACKAGE / "ATTRIBUTION").read_text(encoding="utf-8") if attribution is None else attribution
        write_durably(building / "ATTRIBUTION", text.encode())
        write_durably(building / NAME, manifest.to_json().encode())
    return manifest


def write_blob(data: bytes, suffix: str) -> Path:
    """Put a part among the shared ones, once; its name is its hash."""
    path = BLOBS / f"{sha256(data)}{suffix}"
    if not path.exists():
        BLOBS.mkdir(parents=True, exist_ok=True)
        write_file(path, data)
    return path


def standalone(source: str | os.PathLike[str], folder: str | os.PathLike[str]) -> Manifest:
    """Copy a model with all its parts into one folder that needs no other. Raises CheckpointError, OutputError."""
    origin = find(source)
    manifest = read_manifest(origin)
    text = origin / "ATTRIBUTION"
    attribution = text.read_text(encoding="utf-8") if text.is_file() else None
    return save(folder, manifest, read_files(origin, manifest), attribution=attribution)


def summary(folder: Path) -> dict[str, Any]:
    """What `sfumato info` says of a model without loading it."""
    manifest = read_manifest(folder)
    sizes = [f"{w}x{h}" for w, h in manifest.sizes]
    total = sum(file.bytes for file in manifest.files.values())
    return {"name": manifest.name, "folder": str(folder), "sizes": sizes, "bytes": total, "hash": manifest.model_hash}
