"""`sfumato corpus build glyphs`: the corpus drawn anew from the packages it came from, and compared with another."""

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfumato.cli.bar import Bar

if TYPE_CHECKING:
    from sfumato.corpus.compare import Agreement
    from sfumato.corpus.upstream import Artwork

HELP = """\
Draw Glyphs v1 anew from its upstream packages, limited to the rows that its list names. The packages are tarballs in a
folder of yours; each is hashed before it is opened, and no network is used. What is missing is listed, with the command
that fetches it."""

EXAMPLES = """\
examples:
  sfumato corpus build glyphs --packages tarballs --out glyphs.parquet
  sfumato corpus build glyphs --packages tarballs --against CORPUS/glyphs.parquet     how many rows are pixel-equal
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of this command."""
    add = parser.add_argument
    add("name", metavar="NAME", help="glyphs, or glyphs-tones (skin tones)")
    add("--packages", type=Path, required=True, metavar="DIR", help="the folder of tarballs, as `npm pack` writes them")
    add("--out", type=Path, metavar="FILE", help="the corpus file (.parquet) to write")
    add("--against", type=Path, metavar="FILE", help="compare every picture with those of this corpus file")
    add("--like", type=Path, metavar="FILE", help="draw the rows of this corpus file instead of the list that ships")
    add("--json", action="store_true", help="the comparison as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Draw, write, report."""
    from sfumato.corpus.compare import Comparison
    from sfumato.corpus.glyphs import listed, rows_like
    from sfumato.corpus.rebuild import redraw, write_corpus
    from sfumato.errors import RecipeError

    if not (arguments.out or arguments.against):
        raise RecipeError("nothing to do: give --out FILE to write the corpus, --against FILE to compare, or both")
    rows = listed(arguments.name)
    if arguments.like:
        rows = rows_like(arguments.like)
    artwork = open_artwork(arguments.packages, sorted({row["source"] for row in rows}))
    comparison = Comparison(arguments.against) if arguments.against else None
    bar = Bar(len(rows))
    drawn = redraw(rows, artwork, lambda done, total: bar(done, f"drawing {done} of {total}"))
    drawn = comparison.passing(drawn) if comparison else drawn
    if arguments.out:
        count, left = write_corpus(arguments.out, drawn)
    else:
        left = [one.left_out() for one in drawn if one.pixels is None]
        count = len(rows) - len(left)
    bar.clear()
    for one in left:
        print(f"left out: {one.id}: {one.reason}", file=sys.stderr)
    print(f"{arguments.out or 'drawn, not written'}: {count} rows, {len(left)} left out", file=sys.stderr)
    if comparison:
        print(json.dumps(as_json(comparison.styles), indent=2) if arguments.json else table(comparison.styles))
    return 0


def open_artwork(folder: Path, sources: Sequence[str]) -> dict[str, "Artwork"]:
    """The packages of these sources, hashed and read; where some are missing, they are listed first."""
    from sfumato.corpus.upstream import PACKAGES, how_to_get, missing, read_artwork
    from sfumato.errors import CorpusError

    lacking = missing(folder, PACKAGES, sources)
    for package in lacking:
        print(f"missing: {folder / package.file}", file=sys.stderr)
    if lacking:
        raise CorpusError(
            f"{len(lacking)} of {len(sources)} packages are not in {folder}; "
            f"fetch them there with: {how_to_get(lacking)}"
        )
    return {package.source: read_artwork(folder, package) for package in PACKAGES if package.source in sources}


def as_json(styles: Mapping[str, "Agreement"]) -> dict[str, Any]:
    """The comparison by style, with a total; an infinite PSNR (equal over white) is null."""
    facts = {
        name: {
            "rows": one.rows,
            "equal": one.equal,
            "absent": one.absent,
            "psnr": {k: None if math.isinf(v) else round(v, 2) for k, v in sorted(one.different.items())},
        }
        for name, one in sorted(styles.items())
    }
    total = {key: sum(one[key] for one in facts.values()) for key in ("rows", "equal")}
    return {"styles": facts, "total": total}


def table(styles: Mapping[str, "Agreement"]) -> str:
    """The comparison for people: a line a style, a total, then every row that differs with its PSNR."""
    lines = [f"{name:<16} {one.equal:>6} of {one.rows:>6} pixel-equal" for name, one in sorted(styles.items())]
    rows, equal = (sum(getattr(one, key) for one in styles.values()) for key in ("rows", "equal"))
    lines.append(f"{'all':<16} {equal:>6} of {rows:>6} pixel-equal ({equal / max(rows, 1):.2%})")
    for one in styles.values():
        lines += [f"differs: {name}: PSNR {decibels:.1f} dB" for name, decibels in sorted(one.different.items())]
        lines += [f"absent on one side: {name}" for name in one.absent]
    return "\n".join(lines)
