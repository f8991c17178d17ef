"""What a run was computed on, for its card."""

import os
import platform
from pathlib import Path

import torch


def machine(device: torch.device) -> str:
    """The accelerator's name, or the processor's with its number of cores."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    name = named[0] if named and named[0] else platform.machine()
    return f"{name}, {os.cpu_count()} cores, {torch.get_num_threads()} threads"
