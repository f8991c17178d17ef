"""Measure how near real pictures of Glyphs v1 are to each other, for a studio that has no corpus at hand.

python scripts/studio_ruler.py CORPUS/glyphs.parquet CORPUS/glyphs-tones.parquet CORPUS/clipart-extra.parquet

Writes src/sfumato/studio/ruler.json: the percentiles of the distance of each held-out picture of `tune` from the
nearest train picture of another (family, style) pair, as `sfumato evaluate` has them for its threshold.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from sfumato.studio.at_hand import of_corpus

OUT = Path(__file__).parents[1] / "src" / "sfumato" / "studio" / "ruler.json"


def main(first: str, *further: str) -> None:
    """Measure and write."""
    ruler = of_corpus(first, further).ruler
    found = asdict(ruler) | {"name": "Glyphs v1", "distances": [round(far, 3) for far in ruler.distances]}
    OUT.write_text(json.dumps(found) + "\n", "utf-8")
    print(f"{OUT.name}: below {ruler.threshold:.3f} grey levels is copied ({ruler.held_out} against {ruler.train})")


if __name__ == "__main__":
    main(*sys.argv[1:])
