"""Choose the 16 held-out prompts of prompts.txt by a rule nobody can steer: hash order.

    python scripts/choose_prompts.py CORPUS/glyphs.parquet [prompts.txt]

Rows of split "val" are sorted by the SHA-256 of their id. A row is taken when its style was taken least often so far
among all styles, and when its family and its caption are new; sixteen rows stand at the end. The free prompts below
them in prompts.txt were written by hand before any training and are no caption of the corpus (the script checks that).
"""

import hashlib
import sys
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq

COUNT = 16


def held_out(rows: list[dict[str, str]], count: int = COUNT) -> list[str]:
    """The first `count` prompts in hash order, styles taken in turn, families and captions distinct."""
    ordered = sorted(rows, key=lambda row: hashlib.sha256(row["id"].encode()).hexdigest())
    taken: Counter[str] = Counter({row["style"]: 0 for row in rows})
    seen: set[str] = set()
    chosen: list[str] = []
    while len(chosen) < count:
        fewest = min(taken.values())
        row = next(r for r in ordered if taken[r["style"]] == fewest and not seen & {r["family"], r["caption"]})
        taken[row["style"]] += 1
        seen |= {row["family"], row["caption"]}
        chosen.append(f"{row['caption']}, {row['style_phrase']}")
    return chosen


def main() -> int:
    """Print the held-out prompts; with prompts.txt as second argument, check that its free prompts are no captions."""
    columns = ["id", "caption", "style", "style_phrase", "family", "split"]
    rows = pq.read_table(sys.argv[1], columns=columns).to_pylist()
    print("\n".join(held_out([row for row in rows if row["split"] == "val"])))
    if len(sys.argv) > 2:
        pairs = {f"{row['caption']}, {row['style_phrase']}" for row in rows} | {row["caption"] for row in rows}
        lines = Path(sys.argv[2]).read_text(encoding="utf-8").splitlines()
        known = [line for line in lines[COUNT:] if line in pairs]
        if known:
            print(f"captions of the corpus among the free prompts: {known}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
