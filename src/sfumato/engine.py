"""What ran: the versions and the processor that a picture's last bits depend on, for its recipe."""

import sys
from typing import Any

import numpy as np

from sfumato import __version__


def describe(device: Any = "cpu") -> dict[str, str]:
    """Versions of Sfumato and of the array library, the CPU's vector instructions, and the device."""
    torch = sys.modules.get("torch")
    if torch is None:
        return {"sfumato": __version__, "numpy": np.__version__, "device": str(device)}
    name = torch.cuda.get_device_name(device) if str(device).startswith("cuda") else str(device)
    cpu = torch.backends.cpu.get_cpu_capability()
    return {"sfumato": __version__, "torch": torch.__version__, "cpu": cpu, "device": name}
