"""`sfumato info`: what is here, and what a model says of itself."""

import argparse
import json
import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HELP = "List models and devices; with MODEL, print its card."
EXAMPLES = """\
examples:
  sfumato info
  sfumato info tavola
  sfumato info path/to/model --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of this command."""
    parser.add_argument("model", nargs="?", metavar="MODEL", help="a shipped model or a model folder")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print it."""
    facts = about_model(arguments.model) if arguments.model else about_installation()
    if arguments.json:
        print(json.dumps(facts, indent=2))
    elif arguments.model:
        print_table(facts)
    else:
        print_installation(facts)
    return 0


def about_model(source: str) -> dict[str, Any]:
    """The card and the settings of a model; nothing of it is loaded."""
    from sfumato.checkpoint import find, read_manifest, summary

    folder = find(source)
    manifest = read_manifest(folder)
    parts = {name: getattr(manifest, name) for name in ("denoiser", "autoencoder", "conditioner")}
    process = {name: getattr(manifest, name) for name in ("parameterisation", "schedule", "clock")}
    return summary(folder) | {"parts": parts, "process": process, "defaults": manifest.defaults, "card": manifest.card}


def about_installation() -> dict[str, Any]:
    """Versions, devices and models."""
    import torch

    from sfumato import __version__
    from sfumato.checkpoint import MODELS, shipped, summary

    cpu = {
        "name": "cpu",
        "what": f"{platform.machine()}, {torch.backends.cpu.get_cpu_capability()}, {torch.get_num_threads()} threads",
    }
    cuda = [{"name": f"cuda:{k}", "what": torch.cuda.get_device_name(k)} for k in range(torch.cuda.device_count())]
    mps = [{"name": "mps", "what": "Apple GPU"}] if torch.backends.mps.is_available() else []
    return {
        "sfumato": __version__,
        "python": sys.version.split()[0],
        "torch": torch.__version__,
        "devices": [cpu, *cuda, *mps],
        "models": [summary(Path(MODELS) / name) for name in shipped()],
    }


def print_installation(facts: Mapping[str, Any]) -> None:
    """Versions, then devices, then models."""
    print(f"sfumato {facts['sfumato']}, torch {facts['torch']}, Python {facts['python']}")
    print("devices")
    for device in facts["devices"]:
        print(f"  {device['name']:<10} {device['what']}")
    print("models")
    for model in facts["models"]:
        print(f"  {model['name']:<10} {', '.join(model['sizes'])}, {model['bytes'] / 1e6:.1f} MB, {model['hash'][:12]}")
    if not facts["models"]:
        print("  none is shipped with this installation; give the path of a model folder with --model")


def print_table(facts: Mapping[str, Any], indent: int = 0) -> None:
    """Nested tables as indented lines."""
    width = max((len(str(name)) for name in facts), default=0)
    for name, value in facts.items():
        if isinstance(value, Mapping):
            print(f"{' ' * indent}{name}")
            print_table(value, indent + 2)
        else:
            text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
            print(f"{' ' * indent}{name:<{width}}  {text}")
