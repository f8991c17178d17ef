"""Weights as what they add to another model's, in a quarter of the bytes: how a student ships beside its teacher.

    W = W_base + s q          q whole numbers in -127..127, a scale s for each output channel (the first axis)

A student that began with its teacher's weights lies near them, so eight bits of the difference say it far more exactly
than eight bits of the weights would. Biases and gains, and what the base does not have (dials), stand whole.
"""

from collections.abc import Mapping
from typing import Any

from sfumato.errors import CheckpointError

SCALE = ".scale"
"""What the name of a scale has after that of its tensor."""

STEPS = 127


def taken_from(tensors: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """The parts that `added` puts together again with `base`, ready to be stored.

    Accuracy: every weight within half a step of its channel, max |W - W_base| / 254 (tests/test_added.py); the tensors
    that stand whole to half precision.
    """
    import torch

    parts: dict[str, Any] = {}
    for name, tensor in tensors.items():
        if tensor.ndim < 2 or name not in base or base[name].shape != tensor.shape:
            parts[name] = tensor.to(torch.float16)
            continue
        difference = (tensor.float() - base[name].float()).contiguous()
        most = difference.flatten(1).abs().amax(dim=1)
        scale = torch.where(most > 0.0, most / STEPS, torch.ones_like(most))
        parts[name] = (difference / along(scale, difference)).round().to(torch.int8)
        parts[name + SCALE] = scale
    return parts


def added(parts: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """The whole weights in float32. Raises CheckpointError where the parts do not belong to such a base."""
    import torch

    whole = {}
    for name, part in parts.items():
        if part.dtype != torch.int8:
            if not name.endswith(SCALE):
                whole[name] = part.float()
            continue
        scale = parts.get(name + SCALE)
        if name not in base or base[name].shape != part.shape or scale is None or scale.shape != part.shape[:1]:
            raise CheckpointError(f"the denoiser's {name!r} adds to nothing in its base; get the model again")
        whole[name] = base[name].float() + part.float() * along(scale.float(), part)
    return whole


def along(scale: Any, like: Any) -> Any:
    """A number for each entry of the first axis, to be multiplied with."""
    return scale.view(-1, *(1,) * (like.ndim - 1))
