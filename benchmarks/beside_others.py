"""How much longer do pictures take while other programs work, on as many threads as are free and on all of them?

    python benchmarks/beside_others.py [--pictures 6] [--repeats 3]

Seconds a picture of a fresh `sfumato generate`, its start included: alone, beside one and two busy programs, and two
such commands at once. "all" fixes the number by OMP_NUM_THREADS, "free" leaves it to the command (cli/threads.py).
Medians, in turns. Every picture is compared: the number of threads must not show in it.
"""

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

COMMAND = (sys.executable, "-m", "sfumato", "generate", "a red apple, 3d render")
BUSY = (sys.executable, "-c", "while True: pass")


def begun(threads: str, pictures: int, out: Path) -> subprocess.Popen[bytes]:
    """A command that draws."""
    free = {name: value for name, value in os.environ.items() if name not in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    said = {"OMP_NUM_THREADS": str(os.cpu_count())} if threads == "all" else {}
    command = (*COMMAND, "--count", str(pictures), "--seed", "0", "--out", str(out))
    return subprocess.Popen(command, env=free | said, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@contextlib.contextmanager
def busy(count: int) -> Iterator[None]:
    """So many other programs, each with a core's work."""
    programs = [subprocess.Popen(BUSY) for _ in range(count)]
    try:
        yield
    finally:
        for program in programs:
            program.kill()
            program.wait()


def seconds(threads: str, pictures: int, programs: int, commands: int, seen: set[bytes]) -> float:
    """Seconds a picture of each command; the last picture's pixels are added to `seen`."""
    with tempfile.TemporaryDirectory() as folder, busy(programs):
        start = time.perf_counter()
        drawing = [begun(threads, pictures, Path(folder) / str(k)) for k in range(commands)]
        if any(command.wait() for command in drawing):
            raise SystemExit("sfumato generate failed")
        took = (time.perf_counter() - start) / pictures
        for out in Path(folder).iterdir():
            with Image.open(max(out.glob("*.png"))) as picture:
                seen.add(picture.tobytes())
    return took


def main() -> None:
    """Print one line a situation."""
    parser = argparse.ArgumentParser(description="Drawing beside other programs.")
    parser.add_argument("--pictures", type=int, default=6)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    seen: set[bytes] = set()
    for name, programs, commands in (("alone", 0, 1), ("one busy", 1, 1), ("two busy", 2, 1), ("two at once", 0, 2)):
        times: dict[str, list[float]] = {"all": [], "free": []}
        for _ in range(options.repeats):
            for threads, found in times.items():
                found.append(seconds(threads, options.pictures, programs, commands, seen))
        told = [f"{k} {statistics.median(v):.2f} s ({min(v):.2f} to {max(v):.2f})" for k, v in times.items()]
        ratio = statistics.median(a / b for a, b in zip(times["all"], times["free"], strict=True))
        print(f"{name}: {', '.join(told)}; {ratio:.2f} times", flush=True)
    print("the same picture every time" if len(seen) == 1 else f"{len(seen)} DIFFERENT PICTURES")


if __name__ == "__main__":
    main()
