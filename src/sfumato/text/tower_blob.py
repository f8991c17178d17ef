"""The file that holds a text tower of the CLIP family: safetensors in float16 or float32, nothing executable.

As text/blob.py: one metadata entry, "sfumato", is canonical JSON (format, version, the tower's options, source and
licence), and the file's name among the shipped parts is the sha256 of its bytes.
"""

import json
from collections.abc import Mapping
from typing import Any, Literal

import torch

from sfumato.errors import CheckpointError, ShapeError
from sfumato.nets.tower import ACTIVATIONS, TextTower
from sfumato.text.blob import VERSION, Source, read, read_about
from sfumato.weights import parse, serialise

FORMAT = "sfumato-text-tower"
WHOLE = ("vocabulary", "width", "depth", "heads", "hidden", "positions")
CHOICES = {"attend": ("causal", "whole"), "activation": tuple(ACTIVATIONS)}
OPTIONS = frozenset({*WHOLE, *CHOICES, "eps"})


def write_tower(
    tower: TextTower, *, origin: Mapping[str, str], dtype: Literal["float16", "float32"] = "float16"
) -> bytes:
    """The tower as the bytes of a blob; `origin` says source, licence and so on. Equal weights give equal bytes."""
    about = {"format": FORMAT, "version": VERSION, "options": tower.options, "origin": dict(origin)}
    return serialise(tower.state_dict(), dtype, {"sfumato": json.dumps(about, sort_keys=True, separators=(",", ":"))})


def load_tower(source: Source) -> TextTower:
    """The tower in a blob (a path or its bytes), in float32 on the CPU, ready to use and not to be trained.

    Raises CheckpointError when the file is missing, damaged, not ours or of a newer version.
    """
    data, name = read(source)
    options = read_about(data, name, FORMAT, OPTIONS)["options"]
    tensors = parse(data, name)
    tower = skeleton(options, len(tensors), name)
    expected = {key: tuple(w.shape) for key, w in tower.state_dict().items()}
    found = {key: tuple(w.shape) for key, w in tensors.items()}
    odd = sorted(key for key in {*expected, *found} if expected.get(key) != found.get(key))
    if odd:
        raise CheckpointError(
            f"{name} does not fit its own description: {odd[0]!r} is {found.get(odd[0])}, "
            f"expected {expected.get(odd[0])}; get the model again"
        )
    tower.load_state_dict({key: w.float() for key, w in tensors.items()}, strict=True, assign=True)
    return tower.requires_grad_(False).eval()


def skeleton(options: Mapping[str, Any], tensors: int, name: str) -> TextTower:
    """The network of `options`, without memory for weights; more layers than tensors in the file are refused first."""
    sane = all(type(options[k]) is int and 0 < options[k] < 1 << 24 for k in WHOLE) and type(options["eps"]) is float
    known = all(options[k] in allowed for k, allowed in CHOICES.items())
    if not sane or not known or not 0 < options["eps"] < 1 or options["depth"] > tensors:
        raise CheckpointError(f"{name} describes an impossible text tower, or it is damaged: get the model again")
    try:
        with torch.device("meta"):
            return TextTower(**options)
    except ShapeError as error:
        raise CheckpointError(f"{name} describes an impossible text tower: {error}") from error
