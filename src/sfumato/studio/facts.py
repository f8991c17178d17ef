"""What the page says of the model without loading it: its name, its size, and how many numbers it has."""

import json
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

from sfumato.checkpoint import find, locate, read_manifest
from sfumato.weights import HEADER_LIMIT


@lru_cache(maxsize=8)
def facts(source: str) -> dict[str, Any]:
    """Name, source (as `sfumato.load` takes it), hash, sizes, schedule, numbers by part. Raises CheckpointError.

    network: its kind, unet or dit.
    """
    folder = find(source)
    manifest = read_manifest(folder)
    parts = {role: _numbers(locate(folder, file)) for role, file in manifest.files.items()}
    return {
        "name": manifest.name,
        "source": source,
        "hash": manifest.model_hash,
        "network": str(manifest.denoiser["kind"]),
        "sizes": [list(size) for size in manifest.sizes],
        "schedule": dict(manifest.schedule),
        "parameterisation": dict(manifest.parameterisation),
        "numbers": sum(parts.values()),
        "parts": parts,
    }


def _numbers(path: Path) -> int:
    """How many numbers a safetensors file holds, from its header; 0 for other files."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = file.read(min(length, HEADER_LIMIT))
    if length > HEADER_LIMIT or header[:1] != b"{":
        return 0
    return sum(prod(entry["shape"]) for name, entry in json.loads(header).items() if name != "__metadata__")
