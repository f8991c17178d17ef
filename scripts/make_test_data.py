"""Pick the 200 training pictures of tests/data/glyphs.parquet by a fixed rule.

    python scripts/make_test_data.py CORPUS/glyphs.parquet tests/data/glyphs.parquet

Families are visited in the order of their SHA-256, one group after the other in turn; of a family that has at least
five train pictures (two for flags) up to five are taken, the styles taken least often so far first. So the 200 cover
every group and style, and each family comes in several styles. Only rows of split "train"; the columns and the
picture bytes
stay as they are.
"""

import hashlib
import sys
from collections import Counter, defaultdict
from itertools import cycle
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

COUNT = 200
PER_FAMILY = 5
FEWEST = defaultdict(lambda: PER_FAMILY, flags=2)


def digest(text: str) -> str:
    """The order of everything here: SHA-256 as hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def families_by_group(rows: list[dict[str, Any]]) -> dict[str, list[list[dict[str, Any]]]]:
    """Group -> its its families, all in hash order; families in too few styles are left out."""
    members: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: digest(row["id"])):
        members[row["group"], row["family"]].append(row)
    groups: dict[str, list[list[dict[str, Any]]]] = defaultdict(list)
    for (group, _), family in sorted(members.items(), key=lambda item: digest(item[0][1])):
        if len({row["style"] for row in family}) >= FEWEST[group]:
            groups[group].append(family)
    return dict(sorted(groups.items()))


def pick(rows: list[dict[str, Any]], count: int = COUNT) -> list[dict[str, Any]]:
    """`count` rows: groups in turn, families in hash order, styles in balance."""
    groups = families_by_group(rows)
    taken: Counter[str] = Counter()
    chosen: list[dict[str, Any]] = []
    for group in cycle(groups):
        if not any(groups.values()):
            raise ValueError(f"the corpus file holds too few families for {count} pictures")
        if not groups[group]:
            continue
        family, styles = groups[group].pop(0), set[str]()
        for row in sorted(family, key=lambda row: taken[row["style"]]):
            if row["style"] not in styles and len(styles) < PER_FAMILY:
                styles.add(row["style"])
                taken[row["style"]] += 1
                chosen.append(row)
        if len(chosen) >= count:
            break
    return sorted(chosen[:count], key=lambda row: row["id"])


def main() -> None:
    """Read the corpus file, pick, write."""
    source, target = sys.argv[1:3]
    table = pq.read_table(source)
    rows = [row for row in table.to_pylist() if row["split"] == "train"]
    chosen = pick(rows)
    pq.write_table(pa.Table.from_pylist(chosen, schema=table.schema), target, compression="zstd")
    print(f"{len(chosen)} pictures, {len({row['family'] for row in chosen})} families -> {target}")


if __name__ == "__main__":
    main()
