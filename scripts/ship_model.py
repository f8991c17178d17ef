"""Put the model of a finished run among those that ship.

    python scripts/ship_model.py RUN/model --name tavola --set steps=25 --card 'machine="2 cores"'

The denoiser goes to src/sfumato/models/NAME, every other part to models/blobs under its hash, where several models
share it. --set changes what the model does where the user says nothing; --card adds a line to its card. Both take
a.b=c, with c read as JSON where it is JSON and as text elsewhere.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from sfumato import checkpoint
from sfumato.manifest import Manifest


def assign(table: dict[str, Any], assignment: str) -> None:
    """Carry out one "a.b=c" in nested tables."""
    path, text = assignment.split("=", 1)
    *parents, last = path.split(".")
    for parent in parents:
        table = table.setdefault(parent, {})
    try:
        table[last] = json.loads(text)
    except ValueError:
        table[last] = text


def add_changes(parser: argparse.ArgumentParser) -> None:
    """--set and --card."""
    parser.add_argument("--set", dest="defaults", action="append", default=[], metavar="A.B=C")
    parser.add_argument("--card", action="append", default=[], metavar="A.B=C")


def told(manifest: Manifest, options: argparse.Namespace) -> Manifest:
    """The manifest with what --set and --card say."""
    tables = json.loads(json.dumps({"defaults": dict(manifest.defaults), "card": dict(manifest.card)}))
    for name, table in tables.items():
        for assignment in getattr(options, name):
            assign(table, assignment)
    return replace(manifest, **tables)


def main() -> None:
    """Read, change, write."""
    parser = argparse.ArgumentParser(description="Put the model of a finished run among those that ship.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--name", required=True)
    add_changes(parser)
    options = parser.parse_args()

    manifest = checkpoint.read_manifest(checkpoint.find(options.folder))
    files = checkpoint.read_files(options.folder, manifest)
    manifest = replace(told(manifest, options), name=options.name)
    own = {"denoiser": files.pop("denoiser")}
    checkpoint.save(checkpoint.MODELS / options.name, manifest, own, shared=files, replace_existing=True)
    print(
        f"{checkpoint.MODELS / options.name}: {len(own['denoiser']) / 1e6:.1f} MB, "
        f"shared parts {sum(map(len, files.values())) / 1e6:.1f} MB"
    )


if __name__ == "__main__":
    main()
