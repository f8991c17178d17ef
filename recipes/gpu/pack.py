"""Make the small file of latents that a GPU job trains on: at most 64 MiB, which is what a job may carry.

python recipes/gpu/pack.py CORPUS --out packs/glyphs --further glyphs-colours:7450
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "src"))

import numpy as np
import torch

from sfumato.atomic import new_folder
from sfumato.corpus.locate import cache_folder
from sfumato.errors import CorpusError, SfumatoError
from sfumato.train.frozen_parts import known_scale, load_vae
from sfumato.train.latents import (
    encode_source,
    scale_and_shift,
)
from sfumato.train.material import Place, open_sources
from sfumato.train.pack import write_pack
from sfumato.train.precision import resolve
from sfumato.train.reading import load_recipe
from sfumato.train.recipe import SourceChoice, Space
from sfumato.train.store import LatentStore

LIMIT = 64.0
"""MiB, what a job may carry at all."""


def refuse_larger(size: int, limit: float, pictures: Sequence[tuple[str, int]]) -> None:
    """Raise CorpusError where a pack of so many bytes has more than `limit` MiB; a picture weighs what another does."""
    mib = size / 2**20
    if mib <= limit:
        return
    whole = sum(n for _, n in pictures)
    parts = ", ".join(f"{name} about {mib * n / whole:.3g} MiB ({n:,} pictures)" for name, n in pictures)
    raise CorpusError(
        f"the pack has {mib:.3g} MiB and may have {limit:g}: {parts}; take fewer of a further corpus with "
        "--further NAME:MOST"
    )


def main() -> int:
    """Encode, pack, and say how large it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="the corpus: glyphs.parquet, or the folder that holds it")
    parser.add_argument("--source", default="glyphs", help="which corpus of that folder")
    parser.add_argument(
        "--further",
        action="append",
        default=[],
        metavar="NAME[:MOST]",
        help="another corpus of that folder, its train pictures alone; of a larger one, so many",
    )
    parser.add_argument(
        "--model", default="velatura", help="the autoencoder, or a model whose autoencoder is used (velatura)"
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--val", default="tune", help="the split to hold out")
    parser.add_argument("--cache", type=Path, default=None)
    parser.add_argument(
        "--limit", type=float, default=LIMIT, metavar="MIB", help="refuse a larger pack (64, what a job may carry)"
    )
    args = parser.parse_args()
    recipe = load_recipe("tavola")
    further = [SourceChoice(name=n, most=int(most or 0)) for n, _, most in (f.partition(":") for f in args.further)]
    data = replace(recipe.data, size=args.size, sources=(SourceChoice(name=args.source), *further))
    recipe = replace(recipe, data=data, watch=replace(recipe.watch, split=args.val))
    cache = args.cache or cache_folder()
    report = lambda what, done, total: print(f"{what}: {done} of {total}", file=sys.stderr)  # noqa: E731
    place = Place(device=torch.device("cpu"), data=args.data, cache=cache, report=report)
    space = Space(autoencoder=args.model)
    vae, digest, _ = load_vae(space)
    sources, val = open_sources(recipe, place, 4 if vae.channels == 4 else 3)

    def encoded(source):
        return encode_source(
            source,
            vae,
            digest=digest,
            mirrored=False,
            cache=cache,
            device=place.device,
            dtype=resolve(recipe.precision, place.device),
            progress=lambda done, total: report(f"encoding {source.name}", done, total),
        )

    train, held_out = [encoded(source) for source in sources], encoded(val)
    scale, shift = known_scale(space) or scale_and_shift(train, cache)
    stores = {
        "train": LatentStore(np.concatenate(train, axis=1), scale, shift),
        "val": LatentStore(held_out, scale, shift),
    }
    key = " ".join(source.key for source in sources)
    about = {"autoencoder": {"sha256": digest, "scale": scale, "shift": shift}, "source": key}
    rows = {"train": [row for source in sources for row in source.rows], "val": val.rows}
    with new_folder(args.out, replace=True) as building:
        size = write_pack(building, stores, rows, about)
        pictures = [*((source.name, len(source)) for source in sources), (f"{val.name} held out", len(val))]
        refuse_larger(size, args.limit, pictures)
    print(f"{args.out}: {size / 2**20:.1f} MiB, {len(stores['train'])} + {len(stores['val'])} pictures")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except SfumatoError as error:
        sys.exit(f"error: {error}")
