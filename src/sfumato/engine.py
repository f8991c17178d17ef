"""What ran: the versions and the processor that a picture's last bits depend on, for its recipe."""

import sys
from typing import Any

import numpy as np

from sfumato import __version__


def describe(device: Any = "cpu") -> dict[str, str]:
    """Versions of Sfumato and of the array library, the CPU's vector instructions, and the device.

    The number of threads is named where it is no power of two: only there can it move the last bit of a picture
    (cli/threads.py).
    """
    torch = sys.modules.get("torch")
    if torch is None:
        return {"sfumato": __version__, "numpy": np.__version__, "device": str(device)}
    name = torch.cuda.get_device_name(device) if str(device).startswith("cuda") else str(device)
    cpu = torch.backends.cpu.get_cpu_capability()
    facts = {"sfumato": __version__, "torch": torch.__version__, "cpu": cpu, "device": name}
    threads = torch.get_num_threads()
    return facts if threads == power_below(threads) else facts | {"threads": str(threads)}


def power_below(n: int) -> int:
    """The largest power of two that is not above n."""
    return 1 << (n.bit_length() - 1)
