"""Put trained towers among the shipped parts: what every model may use by its hash, and the folder models/towers.

    python scripts/ship_towers.py runs/towers/model

The text side and its tokenizer go to models/blobs, named by their sha256, where recipes find them; the picture side,
the description and the attribution go to models/towers, which text/score.py loads by its name.
"""

import argparse
import shutil
from pathlib import Path

from sfumato.atomic import new_folder
from sfumato.checkpoint import MODELS, write_blob
from sfumato.text.score import NAME, load_score

SHARED = ("conditioner.safetensors", "tokenizer.json")
OWN = ("picture.safetensors", NAME, "ATTRIBUTION")


def ship(source: Path, target: Path) -> list[str]:
    """Copy a folder that training towers wrote, verified; answer the hashes of the shared parts."""
    load_score(source)
    digests = [write_blob((source / name).read_bytes(), Path(name).suffix).stem for name in SHARED]
    with new_folder(target, replace=True) as building:
        for name in OWN:
            shutil.copyfile(source / name, building / name)
    return digests


def main() -> None:
    """Ship and print what a recipe writes."""
    parser = argparse.ArgumentParser(description="Put trained towers among the shipped parts.")
    parser.add_argument("folder", type=Path, help="what training towers exported")
    encoder, tokenizer = ship(parser.parse_args().folder, MODELS / "towers")
    print(f'[text]\nkind = "tower"\nmax_tokens = 32\nencoder = "{encoder}"\ntokenizer = "{tokenizer}"')


if __name__ == "__main__":
    main()
