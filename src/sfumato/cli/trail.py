"""`sfumato trail`: the five files to read, in order."""

import argparse
from pathlib import Path

HELP = "Print the five files that lead from a prompt to a picture, in reading order."
EXAMPLES = """\
examples:
  sfumato trail
  less $(sfumato trail --paths)
"""
TRAIL = (
    ("pipeline.py", "the sentence: encode, noise, steps, decode"),
    ("conditioner.py", "the prompt becomes numbers"),
    ("process/schedule.py", "how much signal and how much noise"),
    ("denoiser.py", "a network, read as a belief about the picture"),
    ("samplers/ddim.py", "a belief becomes a step"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of this command."""
    parser.add_argument("--paths", action="store_true", help="print paths alone")


def run(arguments: argparse.Namespace) -> int:
    """Print them."""
    import sfumato

    home = Path(str(sfumato.__file__)).parent
    for k, (name, words) in enumerate(TRAIL, 1):
        path = home / name
        lines = len(path.read_text(encoding="utf-8").splitlines())
        print(path if arguments.paths else f"{k}  {path}  ({lines} lines): {words}")
    return 0
