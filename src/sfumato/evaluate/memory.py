"""The memory that drawing takes: the most that a process held which drew one picture and did nothing else.

It is a process of its own, since an evaluation itself holds corpora, features and towers. A small one stands between,
since Linux counts at exec what the starting process holds: the child of a large process would never be a small one.
"""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

BETWEEN = """
import os, sys
child = os.posix_spawn(sys.executable, [sys.executable, *sys.argv[1:]], os.environ)
_, status, usage = os.wait4(child, 0)
print(usage.ru_maxrss, flush=True)
sys.exit(status != 0)
"""


def memory_of(picture: Path, model: str | Path, *, device: str = "cpu", weak: str | Path | None = None) -> float | None:
    """MB at most while this picture is drawn again by the model that drew it; None where that cannot be known.

    On an accelerator it is what this process held there at most, drawing.
    """
    torch = sys.modules.get("torch")
    if device != "cpu" and torch is not None and torch.cuda.is_available() and torch.cuda.max_memory_allocated():
        return torch.cuda.max_memory_allocated() / 1e6
    if not hasattr(os, "wait4"):
        return None
    with TemporaryDirectory() as folder:
        words = ["generate", "--like", picture, "--model", model, "--device", device, "--out", f"{folder}/again.png"]
        words += ["--weak", weak] if weak is not None else []
        command = [sys.executable, "-c", BETWEEN, "-m", "sfumato", *map(str, words)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        return None
    return float(done.stdout.split()[-1]) / (1e6 if sys.platform == "darwin" else 1e3)
