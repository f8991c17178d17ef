"""What changed between two contents of a corpus, picture by picture, as far as the cache remembers both."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from sfumato.corpus.content import words
from sfumato.corpus.rows import Row

SHOWN = 5
WHOLE = 32
"""Letters of a digest. Indexes written before keywords and the rest were part of it hold the first half alone."""
ELSEWHERE = "the same ones in the same order, so that what changed is held out or not read in training"


def digest(row: Row, data: bytes, before: str = "") -> str:
    """Two short hashes of one picture: with its caption, and of all its words. before: an earlier row's of its id."""
    seen = hashlib.blake2b(data, digest_size=8)
    seen.update(row.caption.encode("utf-8", "surrogatepass"))
    return seen.hexdigest() + hashlib.blake2b(words(row, before), digest_size=8).hexdigest()


def difference(cache: Path, before: str, now: str) -> str:
    """Such as "2 new (c.png, d.png), 1 gone (a.png)", from two keys' indexes; empty where they do not tell."""
    old, new = known(cache, before), known(cache, now)
    if old is None or new is None:
        return ""
    parts = {
        "new": [name for name in new if name not in old],
        "gone": [name for name in old if name not in new],
        "changed": [name for name in new if name in old and not alike(old[name], new[name])],
    }
    if any(parts.values()):
        return ", ".join(f"{len(names)} {what} ({some(names)})" for what, names in parts.items() if names)
    if any(len(one) < WHOLE for one in (*old.values(), *new.values())):
        return ""
    return ELSEWHERE if list(old) == list(new) else "their order"


def alike(one: str, other: str) -> bool:
    """Whether two digests are of the same picture, as far as both go."""
    least = min(len(one), len(other))
    return one[:least] == other[:least]


def known(cache: Path, key: str) -> Mapping[str, str] | None:
    """Each picture's digest by its id."""
    try:
        rows = json.loads((cache / f"{key}.json").read_text("utf-8")).get("rows")
    except (OSError, ValueError, AttributeError):
        return None
    return rows if isinstance(rows, dict) else None


def some(names: Sequence[str]) -> str:
    """The first few names."""
    rest = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + rest
