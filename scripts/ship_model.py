"""Put the model of a finished run among those that ship.

    python scripts/ship_model.py RUN --name tavola --set steps=25 --set guidance.scale=4 --card 'machine="2 cores"'

The denoiser goes to src/sfumato/models/NAME, every other part to models/blobs under its hash, where several models
share it. --set changes what the model does where the user says nothing; --card adds a line to its card. Both take
a.b=c, with c read as JSON where it is JSON and as text elsewhere. What a person wrote into the card of the model that
had the name before (KEPT) stays there unless --card says otherwise; it should be read again.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from sfumato import checkpoint
from sfumato.manifest import Manifest
from sfumato.model import FALLBACK
from sfumato.options import whole_guidance, whole_sampler, whole_threshold

KEPT = ("known_failures", "intended_use")
"""Of the former model's card: it is said of its kind, not of its weights."""


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
    """The manifest with what --set and --card say. Raises RecipeError for settings that no recipe can have."""
    tables = json.loads(json.dumps({"defaults": dict(manifest.defaults), "card": dict(manifest.card)}))
    for name, table in tables.items():
        for assignment in getattr(options, name):
            assign(table, assignment)
    if "sampler" in tables["defaults"]:
        tables["defaults"]["sampler"] = whole_sampler(tables["defaults"]["sampler"], {})
    if "threshold" in tables["defaults"]:
        tables["defaults"]["threshold"] = whole_threshold(tables["defaults"]["threshold"])
    if "guidance" in tables["defaults"]:
        guidance = whole_guidance(
            tables["defaults"]["guidance"], manifest.defaults.get("guidance", FALLBACK["guidance"])
        )
        tables["defaults"]["guidance"] = guidance
    return replace(manifest, **tables)


def kept(name: str) -> dict[str, Any]:
    """What stays of the card that the shipped model `name` has, where there is one."""
    if name not in checkpoint.shipped():
        return {}
    card = checkpoint.read_manifest(checkpoint.find(name)).card
    return {key: card[key] for key in KEPT if key in card}


def main() -> None:
    """Read, change, write."""
    parser = argparse.ArgumentParser(description="Put the model of a finished run among those that ship.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--name", required=True)
    add_changes(parser)
    options = parser.parse_args()

    folder = checkpoint.find(options.folder)
    manifest = checkpoint.read_manifest(folder)
    files = checkpoint.read_files(folder, manifest)
    manifest = replace(manifest, name=options.name, card=kept(options.name) | dict(manifest.card))
    manifest = told(manifest, options)
    own = {"denoiser": files.pop("denoiser")}
    checkpoint.save(checkpoint.MODELS / options.name, manifest, own, shared=files, replace_existing=True)
    print(
        f"{checkpoint.MODELS / options.name}: {len(own['denoiser']) / 1e6:.1f} MB, "
        f"shared parts {sum(map(len, files.values())) / 1e6:.1f} MB"
    )


if __name__ == "__main__":
    main()
