"""Weights from a file that is not trusted: bytes are hashed before they are parsed, and only safetensors are parsed.

A safetensors file is a little-endian length, a JSON header of that length and raw numbers: nothing in it can run.
Pickles (and the zip archives of torch.save) can, so they are recognised and refused by their first bytes whatever the
file is called.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sfumato.errors import CheckpointError

HEADER_LIMIT = 1 << 20
"""The longest header in bytes that is parsed: a header of many empty tensors takes minutes."""


def sha256(data: bytes) -> str:
    """The hash that names a file, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def read_verified(path: Path, *, digest: str, size: int) -> bytes:
    """The bytes of `path`, known to be the ones that the manifest promises.

    Raises:
        CheckpointError: missing, a pickle, of another length or of another hash.
    """
    try:
        with path.open("rb") as file:
            head = file.read(16)
            if path.suffix == ".safetensors":
                _refuse_pickle(head, path)
            found = path.stat().st_size
            if found != size:
                raise CheckpointError(
                    f"{path} is damaged: it has {found} bytes, the manifest says {size}; get the model again"
                )
            data = head + file.read(size)
    except OSError as problem:
        raise CheckpointError(
            f"cannot read {path}: {(problem.strerror or 'error').lower()}; get the model again"
        ) from problem
    if sha256(data) != digest:
        raise CheckpointError(f"{path} is damaged: its sha256 is not the one in sfumato.json; get the model again")
    return data


def parse(data: bytes, what: str) -> dict[str, Any]:
    """The tensors of a safetensors file by name, half precision widened to float32.

    Raises:
        CheckpointError: the bytes are no safetensors file, or one with an outsized header.
    """
    import safetensors.torch

    length = int.from_bytes(data[:8], "little")
    if len(data) < 10 or length > len(data) - 8 or data[8:9] != b"{":
        raise CheckpointError(f"{what} is not a safetensors file; get the model again, or convert it with its own tool")
    if length > HEADER_LIMIT:
        raise CheckpointError(
            f"{what} has a header of {length} bytes; at most {HEADER_LIMIT} are read: it is damaged or hostile"
        )
    try:
        tensors = safetensors.torch.load(data)
    except Exception as problem:  # the parser raises several kinds; none of them is the caller's business
        raise CheckpointError(f"{what} is not a readable safetensors file; get the model again") from problem
    return {name: t.float() if t.is_floating_point() else t for name, t in tensors.items()}


def serialise(tensors: Mapping[str, Any], dtype: str | None = None, about: dict[str, str] | None = None) -> bytes:
    """Tensors as the bytes of a safetensors file, floating ones stored in `dtype` (float32, float16) if given.

    about: the file's metadata.
    """
    import safetensors.torch
    import torch

    target = getattr(torch, dtype) if dtype else None
    ready = {}
    for name, tensor in tensors.items():
        tensor = tensor.detach().cpu()
        ready[name] = (tensor.to(target) if target and tensor.is_floating_point() else tensor).contiguous()
    return safetensors.torch.save(ready, about)


def _refuse_pickle(head: bytes, path: Path) -> None:
    if head[:2] == b"PK" or (head[:1] == b"\x80" and head[1:2] in b"\x02\x03\x04\x05" and head[8:9] != b"{"):
        raise CheckpointError(
            f"{path} is a pickle (or zip archive), not safetensors; it could run code, so it is never opened: "
            "convert it to safetensors where you trust it"
        )
