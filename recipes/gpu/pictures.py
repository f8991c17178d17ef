"""Make the folder of pictures that a GPU job trains on where it needs more than latents: at most 64 MiB.

python recipes/gpu/pictures.py CORPUS --out packs/pictures

A corpus pack (sfumato corpus pack) for each of PARTS: the bytes as they are, RGBA at 128 px, with captions, licences
and authors; of the first the training rows and the half of val that is looked at, of the others training rows alone.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "src"))

from sfumato.atomic import new_folder
from sfumato.corpus.detect import read_corpus
from sfumato.corpus.locate import locate
from sfumato.corpus.pack_write import Packing, write_corpus_pack
from sfumato.corpus.rows import Table
from sfumato.corpus.source import fewer
from sfumato.corpus.split import belongs
from sfumato.errors import CorpusError, SfumatoError
from sfumato.train.recipe import SourceChoice

PARTS = (
    SourceChoice(name="glyphs"),
    SourceChoice(name="clipart-extra", styles=("clipart", "flat-color-icon", "weather-icon"), most=1000),
)
LIMIT = 64 << 20
"""Bytes, all files together."""


def chosen(table: Table, part: SourceChoice, val: str) -> Table:
    """The table with the rows that go into the pack; val: the half of val that is kept, none where empty."""
    train = [row for row in table.rows if row.split == "train" and (not part.styles or row.style in part.styles)]
    kept = fewer(train, part.most) if part.most and len(train) > part.most else train
    numbers = {row.position for row in kept}
    rows = tuple(row for row in table.rows if row.position in numbers or (val and belongs(row, val)))
    return replace(table, rows=rows)


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def main() -> int:
    """Pack each part, and say how large they are together."""
    parser = argparse.ArgumentParser(description="Pack the pictures that a GPU job trains on.")
    parser.add_argument("data", type=Path, help="the folder of the corpora")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--parts", nargs="*", default=[p.name for p in PARTS], help="which corpora (default: all)")
    parser.add_argument("--val", default="tune", help="the split to hold out")
    args = parser.parse_args()
    with new_folder(args.out) as building:
        for k, part in enumerate(p for p in PARTS if p.name in args.parts):
            table = chosen(read_corpus(locate(part.name, args.data)), part, args.val if k == 0 else "")
            report = lambda done, total, name=part.name: print(f"packing {name}: {done} of {total}", file=sys.stderr)  # noqa: E731
            manifest = write_corpus_pack(table, building / part.name, Packing(), report)
            print(f"{part.name}: {len(manifest.pictures)} pictures, {size_of(building / part.name) / 2**20:.1f} MiB")
        if size_of(building) > LIMIT:
            raise CorpusError(
                f"the packs have {size_of(building) / 2**20:.1f} MiB; a job takes {LIMIT / 2**20:.0f} at most: pack "
                "fewer corpora with --parts"
            )
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except SfumatoError as error:
        sys.exit(f"error: {error}")
