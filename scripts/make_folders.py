"""Lay pictures of a corpus out as people have them: files with captions beside them, or class folders.

    python scripts/make_folders.py captions CORPUS/clipart-extra.parquet my-pictures --style clipart --count 800
    python scripts/make_folders.py classes CORPUS/glyphs.parquet my-classes --by subgroup --count 12 --each 60

captions: NAME.png, and NAME.txt with the caption in its first line and keywords in its second. classes: the values of a
column that have most pictures, a folder each, named by the value. Which pictures: by the SHA-256 of their ids, split
`train` only. The tutorials (docs/tutorials) begin with these two folders.
"""

import argparse
import hashlib
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from PIL import Image


def digest(text: str) -> str:
    """The order of everything here: SHA-256 as hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def rows_of(corpus: Path, style: str | None) -> list[dict[str, Any]]:
    """The rows of split train, of one style where asked, in the order of their hashes."""
    rows = [row for row in pq.read_table(corpus).to_pylist() if row["split"] == "train"]
    return sorted((row for row in rows if style in (None, row["style"])), key=lambda row: digest(row["id"]))


def write_png(row: dict[str, Any], path: Path) -> None:
    """One picture with its transparency."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(io.BytesIO(row["image"])) as picture:
        picture.save(path, "PNG")


def captions(rows: Sequence[dict[str, Any]], folder: Path) -> int:
    """Pictures with .txt files beside them; answers how many."""
    for row in rows:
        path = folder / f"{row['id'].rpartition('/')[2]}-{digest(row['id'])[:6]}.png"
        write_png(row, path)
        lines = (row["caption"], ", ".join(row["keywords"]))
        path.with_suffix(".txt").write_text("\n".join(lines).strip() + "\n", encoding="utf-8")
    return len(rows)


def classes(rows: Iterable[dict[str, Any]], folder: Path, *, by: str, count: int, each: int) -> int:
    """The `count` values of column `by` with most pictures, at most `each` of one; answers how many pictures."""
    members: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        members[re.sub(r"\W+", "_", str(row[by]))].append(row)
    largest = sorted(members, key=lambda name: (-min(each, len(members[name])), digest(name)))[:count]
    for name in largest:
        for k, row in enumerate(members[name][:each]):
            write_png(row, folder / name / f"{k:03d}.png")
    return sum(len(members[name][:each]) for name in largest)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read, choose, write."""
    parser = argparse.ArgumentParser(description="Pictures of a corpus as captioned files or as class folders.")
    parser.add_argument("layout", choices=("captions", "classes"))
    parser.add_argument("corpus", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--style", help="only the pictures of this style")
    parser.add_argument("--count", type=int, default=800, help="pictures, or with classes: how many classes")
    parser.add_argument("--by", default="subgroup", help="classes: the column whose values are the classes (subgroup)")
    parser.add_argument("--each", type=int, default=40, help="classes: the most pictures of a class")
    options = parser.parse_args(arguments)
    rows = rows_of(options.corpus, options.style)
    if options.layout == "captions":
        written = captions(rows[: options.count], options.folder)
    else:
        written = classes(rows, options.folder, by=options.by, count=options.count, each=options.each)
    print(f"{written} pictures -> {options.folder}")


if __name__ == "__main__":
    main()
