"""How long do `import sfumato` and `sfumato --help` take?  Goal: under 0.3 s each on 2 cores, with torch not loaded.

    python benchmarks/start_up.py [--repeats 9]

Each is a fresh process, its own interpreter's start included; the line "python" is that start alone. Medians.
"""

import argparse
import statistics
import subprocess
import sys
import time

HELP = "import sys; sys.argv = ['sfumato', '--help']; from sfumato.cli.main import main; sys.exit(main())"
COMMANDS = {"python": "pass", "import sfumato": "import sfumato", "sfumato --help": HELP}


def seconds(code: str) -> float:
    """The wall time of a fresh interpreter that runs `code`."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    """Print one line a command."""
    parser = argparse.ArgumentParser(description="Start-up times.")
    parser.add_argument("--repeats", type=int, default=9)
    options = parser.parse_args()
    for name, code in COMMANDS.items():
        seconds(code)
        times = [seconds(code) for _ in range(options.repeats)]
        print(f"{name}: {statistics.median(times):.3f} s ({min(times):.3f} to {max(times):.3f})")


if __name__ == "__main__":
    main()
