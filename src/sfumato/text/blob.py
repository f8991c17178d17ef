"""The file that holds a text encoder: safetensors, matrices as int8 rows, vectors as float32, nothing executable.

A matrix `name` is stored as `name` (int8 [r, c]) and `name.scale` (float32 [r]). One metadata entry, "sfumato", is
canonical JSON: format, version, the encoder's options, source and licence; one entry, because safetensors does not
promise an order for several and the file's name is the sha256 of its bytes. Whoever opens a file by such a name checks
the hash.
"""

import json
import os
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
import torch
from safetensors import SafetensorError

from sfumato.errors import CheckpointError, ShapeError
from sfumato.nets.text import TextEncoder
from sfumato.text.int8 import dequantise_rows, quantise_rows

FORMAT = "sfumato-text-encoder"
VERSION = 1
MAX_HEADER = 1 << 20
OPTIONS = {"vocabulary", "width", "depth", "heads", "hidden", "positions", "eps"}

Source = str | os.PathLike[str] | bytes


def write_text_encoder(encoder: TextEncoder, *, origin: Mapping[str, str]) -> bytes:
    """The encoder as the bytes of a blob; `origin` says source, licence and so on. Equal weights give equal bytes."""
    tensors: dict[str, np.ndarray] = {}
    for name, weight in encoder.state_dict().items():
        values = weight.detach().cpu().float().numpy()
        if values.ndim == 2:
            tensors[name], tensors[f"{name}.scale"] = quantise_rows(values)
        else:
            tensors[name] = np.ascontiguousarray(values)
    about = {"format": FORMAT, "version": VERSION, "options": encoder.options, "origin": dict(origin)}
    return safetensors.numpy.save(tensors, {"sfumato": json.dumps(about, sort_keys=True, separators=(",", ":"))})


def load_text_encoder(source: Source) -> TextEncoder:
    """The encoder in a blob (a path or its bytes), in float32 on the CPU, ready to use and not to be trained.

    Raises CheckpointError when the file is missing, damaged, not ours (a pickle, other weights) or of a newer version.
    """
    data, name = read(source)
    about = read_about(data, name)
    try:
        tensors = safetensors.numpy.load(data)
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise CheckpointError(f"{name} is damaged: {error}; get the model again") from error
    encoder = skeleton(about["options"], len(tensors), name)
    expected = {k: tuple(v.shape) for k, v in encoder.state_dict().items()}
    encoder.load_state_dict(unpack(tensors, expected, name), strict=True, assign=True)
    return encoder.requires_grad_(False).eval()


def read(source: Source) -> tuple[bytes, str]:
    """The bytes of `source` and what to call it in an error."""
    if isinstance(source, bytes):
        return source, "the text encoder"
    try:
        return Path(source).read_bytes(), str(source)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CheckpointError(
            f"{source} cannot be read: {reason}; a model folder must hold it, get the model again"
        ) from error


def read_about(data: bytes, name: str, form: str = FORMAT, known: Set[str] = frozenset(OPTIONS)) -> dict[str, Any]:
    """The "sfumato" metadata of a blob of a format, checked; nothing else of the file is parsed before this."""
    length = int.from_bytes(data[:8], "little")
    foreign = f"{name} is not a Sfumato text encoder (a safetensors file with a 'sfumato' entry)"
    if len(data) < 8 or not 2 <= length <= min(MAX_HEADER, len(data) - 8):
        raise CheckpointError(f"{foreign}, or it is damaged: get the model again; pickles are never opened")
    try:
        about = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["sfumato"])
        kind, version, options = about["format"], about["version"], about["options"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CheckpointError(f"{foreign}: convert other weights first") from error
    if kind != form:
        raise CheckpointError(f"{name} holds {kind!r}, expected {form!r}")
    if version != VERSION:
        raise CheckpointError(f"{name} has format version {version!r}, this Sfumato reads {VERSION}: update Sfumato")
    if not isinstance(options, dict) or set(options) != known:
        raise CheckpointError(f"{name} does not describe an encoder; expected exactly the options {sorted(known)}")
    return about


def skeleton(options: Mapping[str, Any], tensors: int, name: str) -> TextEncoder:
    """The network of `options`, without memory for weights; more layers than tensors in the file are refused first."""
    whole = [options[k] for k in OPTIONS - {"eps"}]
    sane = all(type(n) is int and 0 < n < 1 << 24 for n in whole) and type(options["eps"]) is float
    if not sane or not 0 < options["eps"] < 1 or options["depth"] > tensors:
        raise CheckpointError(f"{name} describes an impossible encoder, or it is damaged: get the model again")
    try:
        with torch.device("meta"):
            return TextEncoder(**options)
    except ShapeError as error:
        raise CheckpointError(f"{name} describes an impossible encoder: {error}") from error


def unpack(
    tensors: Mapping[str, np.ndarray], expected: Mapping[str, tuple[int, ...]], name: str
) -> dict[str, torch.Tensor]:
    """float32 weights by name; every expected one is there with its shape, and nothing else is."""
    layout: dict[str, tuple[tuple[int, ...], str]] = {}
    for key, shape in expected.items():
        layout[key] = (shape, "int8" if len(shape) == 2 else "float32")
        if len(shape) == 2:
            layout[f"{key}.scale"] = (shape[:1], "float32")
    odd = sorted(set(layout) ^ set(tensors))
    if odd:
        raise CheckpointError(
            f"{name} does not fit its own description: {odd[0]!r} is {'missing' if odd[0] in layout else 'unknown'}"
        )
    for key, (shape, dtype) in layout.items():
        found = tensors[key]
        if found.shape != shape or found.dtype.name != dtype:
            raise CheckpointError(f"{name}: {key} is {found.dtype.name} {found.shape}, expected {dtype} {shape}")
    return {
        key: torch.from_numpy(
            dequantise_rows(tensors[key], tensors[f"{key}.scale"]) if len(shape) == 2 else tensors[key].copy()
        )
        for key, shape in expected.items()
    }
