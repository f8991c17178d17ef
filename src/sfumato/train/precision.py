"""Which number format the network's arithmetic runs in; master weights are float32 always."""

from pathlib import Path
from typing import Literal

import torch

Precision = Literal["auto", "bfloat16", "float32"]


def resolve(precision: Precision, device: torch.device) -> torch.dtype:
    """bfloat16 where the device multiplies it natively (CUDA since Ampere, CPUs with avx512_bf16), else float32."""
    if precision == "auto":
        native = (
            torch.cuda.is_bf16_supported(including_emulation=False) if device.type == "cuda" else cpu_has_bfloat16()
        )
        return torch.bfloat16 if native and device.type in ("cuda", "cpu") else torch.float32
    return torch.bfloat16 if precision == "bfloat16" else torch.float32


def cpu_has_bfloat16() -> bool:
    """Whether this CPU says it multiplies bfloat16; False where it does not say."""
    try:
        flags = Path("/proc/cpuinfo").read_text("utf-8").split("flags", 1)[1].split("\n", 1)[0].split()
    except (OSError, IndexError):
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def autocast(dtype: torch.dtype, device: torch.device) -> torch.autocast:
    """A context in which matrix products run in `dtype`; nothing changes for float32.

    Weights are cast at each use. torch would remember a cast inside the context: for all threads at once, without its
    gradient if it was first met where none is taken, and with the gradients of several uses added in bfloat16.
    """
    return torch.autocast(device.type, torch.bfloat16, enabled=dtype == torch.bfloat16, cache_enabled=False)
