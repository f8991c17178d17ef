"""`sfumato corpus colours DATA --out FILE`: pictures named by their colour, and the same in other colours."""

import argparse
import sys
from pathlib import Path

from sfumato.cli.bar import Bar

HELP = """\
Write a second corpus that teaches colours: each picture with a main colour, as "{colour} {caption}", and again in other
colours under their names. Train on it beside the first one. Pictures whose caption or style names a colour, flags, and
pictures of many colours are left out; what is held out stays held out."""

EXAMPLES = """\
examples:
  sfumato corpus colours CORPUS/glyphs.parquet --out CORPUS/glyphs-colours.parquet
  sfumato corpus colours my-pictures --out my-colours.parquet --turns 4 --size 64
  sfumato train . --recipe tavola --from tavola --set 'data.sources=[{name="my-pictures"},{name="my-colours"}]'
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of this command."""
    add = parser.add_argument
    add("data", metavar="DATA", help="a corpus in any format that train reads")
    add("--out", type=Path, required=True, metavar="FILE", help="the corpus file (.parquet) to write")
    add("--turns", type=int, default=2, metavar="N", help="in how many other colours each picture is shown, 0..6 (2)")
    add("--size", type=int, default=128, metavar="N", help="pixels of a side (128)")


def run(arguments: argparse.Namespace) -> int:
    """Name, turn, write, report."""
    from sfumato.corpus.coloured import Colouring, coloured
    from sfumato.corpus.content import settled
    from sfumato.corpus.detect import read_corpus
    from sfumato.corpus.locate import locate
    from sfumato.corpus.rebuild import write_corpus
    from sfumato.errors import RecipeError

    if not 0 <= arguments.turns <= 6:
        raise RecipeError(f"--turns is {arguments.turns}; there are 6 other colours: give 0..6")
    if arguments.size < 1:
        raise RecipeError(f"--size is {arguments.size}; give the pixels of a side, 128 for the shipped models")
    table, _ = settled(read_corpus(locate(arguments.data, None)))
    bar = Bar(len(table.rows))
    colouring = Colouring(turns=arguments.turns, size=arguments.size)
    found = coloured(table, colouring, lambda done, total: bar(done, f"colouring {done} of {total}"))
    count, left = write_corpus(arguments.out, found)
    bar.clear()
    for one in left:
        print(f"left out: {one.id}: {one.reason}", file=sys.stderr)
    print(f"{arguments.out}: {count} pictures of {len(table.rows)} in one colour each, {len(left)} left out")
    return 0
