"""Take from the upstream packages what draws most of tests/data/glyphs.parquet anew: tests/data/artwork.json.xz.

    python scripts/make_test_artwork.py PACKAGES tests/data/glyphs.parquet tests/data/artwork.json.xz

PACKAGES is the folder of tarballs that `sfumato corpus build` reads. SVG bodies and pictures are as they are upstream;
their authors, sources and licences stand in tests/data/ATTRIBUTION. Of each style the smallest are taken, while they
fit into BUDGET bytes.
"""

import base64
import json
import lzma
import sys
from pathlib import Path

import pyarrow.parquet as pq

from sfumato.corpus.upstream import PACKAGES, read_artwork

BUDGET = {"fluent-gradient": 60_000, "fluent-3d": 40_000}
"""Of these two styles; the bodies of the others are small and all taken."""

SET = ("prefix", "left", "top", "width", "height")


def main() -> None:
    """Read, choose, write."""
    folder, corpus, out = map(Path, sys.argv[1:])
    rows = pq.read_table(corpus, columns=["id", "style", "source", "source_name"]).to_pylist()
    found: dict[str, dict[str, object]] = {}
    for package in PACKAGES:
        art = read_artwork(folder, package)
        mine = {row["source_name"]: row["style"] for row in rows if row["source"] == package.source}
        left = BUDGET.get(next(iter(mine.values())), 1 << 20)
        inside = {
            name: base64.b64encode(art.pictures[name]).decode() if package.pictures else art.icons["icons"][name]
            for name in mine
        }
        taken = {}
        for name in sorted(inside, key=lambda name: (len(json.dumps(inside[name])), name)):
            left -= len(json.dumps(inside[name]))
            if left < 0:
                break
            taken[name] = inside[name]
        about = {key: art.icons[key] for key in SET if key in art.icons}
        found[package.source] = {"pictures": taken} if package.pictures else {**about, "icons": taken}
    out.write_bytes(lzma.compress(json.dumps(found, sort_keys=True).encode(), preset=9 | lzma.PRESET_EXTREME))


if __name__ == "__main__":
    main()
