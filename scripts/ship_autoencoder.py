"""Put the autoencoder of a finished run among the parts that ship, for models to come.

    python scripts/ship_autoencoder.py RUN/model --name velo [--card 'psnr_tune=31.2']

The weights go to models/blobs under their hash, where the models that use them share them; models/NAME gets
autoencoder.json (arguments, scale, shift, recipe, sha256) and the attribution. A recipe then says
space.autoencoder = "NAME".
"""

import argparse
import json
from pathlib import Path

from sfumato import checkpoint
from sfumato.atomic import new_folder, write_durably
from sfumato.train.frozen_parts import DESCRIPTION, description, known_scale, load_vae
from sfumato.train.recipe import Space
from sfumato.weights import sha256

LIMIT = 8_000_000


def ship(folder: Path, name: str, card: dict[str, object]) -> Path:
    """Write both and answer the folder. Raises CheckpointError, OutputError; ValueError past `LIMIT` bytes."""
    data = (folder / "autoencoder.safetensors").read_bytes()
    if len(data) > LIMIT:
        raise ValueError(f"the weights have {len(data)} bytes; at most {LIMIT} ship")
    load_vae(Space(autoencoder=str(folder)))
    about = {**description(folder / DESCRIPTION), "sha256": sha256(data), "bytes": len(data), "card": card}
    target = checkpoint.MODELS / name
    checkpoint.write_blob(data, ".safetensors")
    with new_folder(target, replace=True) as building:
        write_durably(building / DESCRIPTION, json.dumps(about, indent=1).encode() + b"\n")
        write_durably(building / "ATTRIBUTION", (checkpoint.PACKAGE / "ATTRIBUTION").read_bytes())
    return target


def main() -> None:
    """Read, write, load again."""
    parser = argparse.ArgumentParser(description="Put an autoencoder among the parts that ship.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--name", required=True)
    parser.add_argument("--card", action="append", default=[], metavar="KEY=VALUE")
    options = parser.parse_args()
    target = ship(options.folder, options.name, dict(entry.split("=", 1) for entry in options.card))
    space = Space(autoencoder=options.name)
    vae, digest, _ = load_vae(space)
    print(f"{target}: f = {vae.factor}, {vae.z_channels} channels, scale and shift {known_scale(space)}")
    print(f"models/blobs/{digest}.safetensors")


if __name__ == "__main__":
    main()
