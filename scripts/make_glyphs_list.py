"""Write what a corpus file says of its pictures, without the pictures: the lists that `sfumato corpus build` ships.

python scripts/make_glyphs_list.py CORPUS/glyphs.parquet src/sfumato/corpus/glyphs.json.xz
python scripts/make_glyphs_list.py CORPUS/glyphs-tones.parquet src/sfumato/corpus/glyphs-tones.json.xz
"""

import sys
from pathlib import Path

from sfumato.corpus.glyphs import rows_like, write_list


def main() -> None:
    """Read, write."""
    corpus, out = map(Path, sys.argv[1:])
    out.write_bytes(write_list(rows_like(corpus)))


if __name__ == "__main__":
    main()
