"""What changed between two contents of a corpus, picture by picture, as far as the cache remembers both."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from sfumato.corpus.rows import Row

SHOWN = 5


def digest(row: Row, data: bytes) -> str:
    """A short hash of one picture with its caption."""
    whole = hashlib.blake2b(data, digest_size=8)
    whole.update(row.caption.encode("utf-8", "surrogatepass"))
    return whole.hexdigest()


def difference(cache: Path, before: str, now: str) -> str:
    """Such as "2 new (c.png, d.png), 1 gone (a.png)", from two keys' indexes; empty where the cache lacks one."""
    old, new = known(cache, before), known(cache, now)
    if old is None or new is None:
        return ""
    parts = {
        "new": [name for name in new if name not in old],
        "gone": [name for name in old if name not in new],
        "changed": [name for name in new if name in old and old[name] != new[name]],
    }
    return ", ".join(f"{len(names)} {what} ({some(names)})" for what, names in parts.items() if names) or "their order"


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
