"""A training run as its folder tells of it: read while the trainer writes, never locked, never written."""

import json
import time
from pathlib import Path
from typing import Any

from sfumato.errors import CheckpointError, RecipeError

LOG, LIMIT = "log.jsonl", 8 << 20
"""The bytes of the log that one answer brings."""

SHEET_LIMIT = 16 << 20


class Training:
    """The folder of one run. Raises CheckpointError where it holds none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.about()

    def about(self) -> dict[str, Any]:
        """What is trained: the recipe, and how many numbers the network has."""
        try:
            found = json.loads((self.folder / "run.json").read_text("utf-8"))
            recipe, facts = dict(found["recipe"]), dict(found.get("facts", {}))
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as problem:
            raise CheckpointError(f"{self.folder} holds no run: its run.json is missing or damaged") from problem
        return {"recipe": recipe.get("name"), "parameters": facts.get("parameters"), "of": recipe.get("objective")}

    def since(self, start: int) -> dict[str, Any]:
        """Whole lines of the log from byte `start` on, and where to go on; from the beginning, if the log was cut.

        again: whether what was sent before no longer holds. quiet: seconds since something was written.
        """
        path = self.folder / LOG
        try:
            size, written = path.stat().st_size, path.stat().st_mtime
            again = start > size
            with path.open("rb") as file:
                file.seek(0 if again else start)
                data = file.read(LIMIT)
        except OSError:  # not begun
            return {"entries": [], "next": 0, "again": start > 0, "more": False, "quiet": None}
        end = data.rfind(b"\n") + 1
        after = (0 if again else start) + end
        entries = [entry for line in data[:end].splitlines() if (entry := _line(line)) is not None]
        quiet = max(0.0, time.time() - written)
        return {"entries": entries, "next": after, "again": again, "more": end > 0 and after < size, "quiet": quiet}

    def sheets(self) -> dict[int, Path]:
        """The sheets of samples by the pictures shown until then."""
        found = (self.folder / "sheets").glob("*.png") if (self.folder / "sheets").is_dir() else ()
        return {int(path.stem): path for path in sorted(found) if path.stem.isascii() and path.stem.isdigit()}

    def sheet(self, images: int) -> bytes:
        """One of them, as PNG. Raises RecipeError."""
        path = self.sheets().get(images)
        if path is None or path.stat().st_size > SHEET_LIMIT:
            raise RecipeError(f"the run has no sheet at {images} pictures that can be shown")
        return path.read_bytes()


def _line(line: bytes) -> dict[str, Any] | None:
    """An entry with finite numbers; None for anything else, which a page could do nothing with."""
    try:
        entry = json.loads(line, parse_constant=lambda name: None)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) and isinstance(entry.get("event"), str) else None
