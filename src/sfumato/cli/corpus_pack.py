"""`sfumato corpus pack CORPUS --out PACK` and `sfumato corpus pack --verify PACK`."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sfumato.cli.bar import Bar

if TYPE_CHECKING:
    from sfumato.corpus.pack_split import Splitting

HELP = """\
Write a corpus as a pack: shards of pictures that memory-map and stream, a manifest with the hash, licence and author of
every picture under one Merkle root, and a data card. Pictures with the same pixels are kept once. A pack is a corpus
for `sfumato train`. (Latents for another machine, which `sfumato train` takes too, are a different thing.)"""

EXAMPLES = """\
examples:
  sfumato corpus pack my-pictures --out my-pack
  sfumato corpus pack my-pictures --out my-pack --split family --share 0.05
  sfumato corpus pack glyphs.parquet --out my-pack --split pairs --pairs concept,style --others 2
  sfumato corpus pack --verify my-pack
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of this command."""
    add = parser.add_argument
    add("corpus", nargs="?", metavar="CORPUS", help="a corpus in any format that train reads")
    add("--out", type=Path, metavar="PACK", help="the new folder to write")
    add("--verify", type=Path, metavar="PACK", help="check every byte of a pack instead; what is damaged is named")
    ways = ("keep", "family", "pairs")
    add("--split", choices=ways, default="keep", help="hold out what the corpus says (default), by hash, or by pairs")
    add("--share", type=float, default=0.05, help="with --split family or pairs: the share held out (0.05)")
    add("--pairs", default="family,style", metavar="A,B", help="with --split pairs: of which attributes (family,style)")
    add("--others", type=int, default=2, metavar="K", help="with --split pairs: others of each left in train (2)")
    add("--encode", choices=("given", "webp"), default="given", help="keep the bytes (default), or lossless WebP anew")


def run(arguments: argparse.Namespace) -> int:
    """Pack or verify."""
    from sfumato.errors import RecipeError

    if arguments.verify:
        if arguments.corpus or arguments.out:
            raise RecipeError("--verify PACK checks a pack that is there; it takes no CORPUS and no --out")
        return check(arguments.verify)
    if not (arguments.corpus and arguments.out):
        raise RecipeError("nothing to pack: give CORPUS and --out PACK, or --verify PACK")
    return write(arguments)


def write(arguments: argparse.Namespace) -> int:
    """Pack a corpus, and say what came of it."""
    from sfumato.corpus.content import settled
    from sfumato.corpus.detect import read_corpus
    from sfumato.corpus.locate import locate
    from sfumato.corpus.pack_write import Packing, write_corpus_pack

    splitting = splitting_of(arguments)
    encoding = "as given" if arguments.encode == "given" else "lossless WebP"
    table, _ = settled(read_corpus(locate(arguments.corpus, None)))
    bar = Bar(len(table.rows))
    packing = Packing(splitting=splitting, encoding=encoding)
    manifest = write_corpus_pack(table, arguments.out, packing, lambda done, _: bar(done, f"packing {done}"))
    bar.clear()
    held = sum(entry.split != "train" for entry in manifest.pictures)
    print(
        f"{arguments.out}: {len(manifest.pictures)} pictures ({held} held out), shards: {len(manifest.shards)}; "
        f"{len(manifest.repeats)} repeats and {len(manifest.left_out)} rows left out"
    )
    print(f"Merkle root {manifest.merkle_root}")
    return 0


def splitting_of(arguments: argparse.Namespace) -> "Splitting":
    """The way of holding out that the flags name."""
    from sfumato.corpus.pack_split import ByFamily, ByPairs, Kept
    from sfumato.errors import RecipeError

    if arguments.split == "family":
        return ByFamily(share=arguments.share)
    if arguments.split == "pairs":
        names = tuple(name.strip() for name in arguments.pairs.split(","))
        if len(names) != 2:
            raise RecipeError(f"--pairs is {arguments.pairs!r}; it takes two attributes, such as concept,style")
        return ByPairs(attributes=(names[0], names[1]), share=arguments.share, others=arguments.others)
    return Kept()


def check(folder: Path) -> int:
    """Print what is wrong with a pack, or its root."""
    from sfumato.corpus.pack_read import read_manifest
    from sfumato.corpus.pack_verify import verify
    from sfumato.errors import CorpusError

    bar: Bar | None = None

    def show(done: int, total: int) -> None:
        nonlocal bar
        bar = bar or Bar(total)
        bar(done, f"verifying {done}")

    wrong = verify(folder, show)
    if bar:
        bar.clear()
    for line in wrong:
        print(line, file=sys.stderr)
    if wrong:
        raise CorpusError(f"{folder} is not as it was written: {len(wrong)} faults, named above; get the pack again")
    manifest = read_manifest(folder)
    print(f"{folder}: {len(manifest.pictures)} pictures, every byte verified")
    print(f"Merkle root {manifest.merkle_root}")
    return 0
