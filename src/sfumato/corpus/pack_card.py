"""DATA_CARD.md of a corpus pack: what its manifest says, counted, for people. A pure function of the manifest."""

from collections import Counter
from collections.abc import Iterable, Sequence

from sfumato.corpus.pack_manifest import Entry, Manifest
from sfumato.corpus.split import belongs

CARD = "DATA_CARD.md"


def data_card(manifest: Manifest) -> str:
    """The card as Markdown."""
    pictures = manifest.pictures
    sizes = Counter(f"{entry.width}x{entry.height}" for entry in pictures)
    parts = [
        f"# {plain(manifest.name)}",
        f"{len(pictures)} captioned pictures, {sum(entry.size for entry in pictures):,} bytes ({manifest.encoding}); "
        f"shards: {len(manifest.shards)}. Written from manifest.json, which names every picture.",
        f"Merkle root: `{manifest.merkle_root}`",
        "`sfumato corpus pack --verify` on this folder checks every byte against it.",
        "## Splits",
        how(manifest),
        table(("split", "pictures"), splits(pictures)),
        "Nothing is trained on val. Choices are made on tune, numbers published on report: the two halves of val.",
        "## Licences and sources",
        table(
            ("licence", "source", "author", "pictures"),
            counted((e.license or "not stated", e.source or "not stated", e.author or "not stated") for e in pictures),
        ),
        "## What it shows",
        table(("style", "style phrase", "pictures"), counted((e.style, e.style_phrase) for e in pictures)),
        table(("width x height", "pictures"), [(size, str(n)) for size, n in sizes.most_common(20)]),
        f"{len({e.caption for e in pictures})} captions, {len({e.family for e in pictures if e.family})} families, "
        f"{len({e.concept for e in pictures if e.concept})} concepts.",
        "## Not in the pack",
        f"{len(manifest.repeats)} repeats (the pixels of an earlier picture) and {len(manifest.left_out)} rows "
        "that cannot be used; manifest.json names each.",
        table(("why", "rows"), [(why, n) for (why, n) in counted((one["reason"],) for one in manifest.left_out)]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def how(manifest: Manifest) -> str:
    """How the pictures held out were chosen, in a sentence."""
    split = manifest.split
    if split["kind"] == "family":
        return f"By hash of the family: a family is held out with probability {split['share']}, whole."
    if split["kind"] == "pairs":
        first, second = split["attributes"]
        return (
            f"By pairs: whole pairs of {first} and {second} are held out, about {split['share']} of the pictures, with "
            f"at least {split['others']} other pairs of each {first} and each {second} left in train."
        )
    return "As the corpus itself says."


def splits(pictures: Sequence[Entry]) -> list[tuple[str, ...]]:
    """The number of pictures in each split, and in the halves of val."""
    counts = counted((entry.split,) for entry in pictures)
    rows = [entry.row(k) for k, entry in enumerate(pictures) if entry.split == "val"]
    halves = {name: sum(belongs(row, name) for row in rows) for name in ("tune", "report")}
    return counts + [(f"{name} (of val)", str(n)) for name, n in halves.items() if rows]


def counted(keys: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Each key with its number, in order."""
    return [(*key, str(n)) for key, n in sorted(Counter(keys).items())]


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table in Markdown; empty where there are no rows."""
    if not rows:
        return ""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(plain(cell) for cell in line) + " |" for line in lines)


def plain(text: str) -> str:
    """A text as one cell: no line break, no bar, no markup, at most 200 characters."""
    one = " ".join(text.encode("utf-8", "replace").decode().split())[:200]
    for sign in "\\|`<[*":
        one = one.replace(sign, "\\" + sign)
    return one
