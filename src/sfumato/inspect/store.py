"""A trace on the disk: recipe.json, events.jsonl and one step-0007.safetensors for each step whose arrays were kept."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sfumato.atomic import cannot_write, write_file
from sfumato.errors import OutputError, RecipeError
from sfumato.recipe import Recipe

EVENTS, RECIPE = "events.jsonl", "recipe.json"
STEP_FILE = re.compile(r"step-\d{4,6}\.safetensors")
LIMIT = 64 << 20


@dataclass
class Store:
    """A folder that a trace is written into as it happens; each event is there once its line is."""

    folder: Path
    dtype: str = "float16"
    max_bytes: int = 256 << 20
    written: int = 0

    @classmethod
    def create(cls, folder: str | Path, *, dtype: str = "float16", max_bytes: int = 256 << 20) -> "Store":
        """A new trace folder. Raises OutputError where it exists and holds something, or cannot be made."""
        path = Path(folder)
        try:
            path.mkdir(parents=True, exist_ok=True)
            if any(path.iterdir()):
                raise OutputError(f"{path} is not empty; choose a new folder for the trace")
        except OSError as problem:
            raise OutputError(cannot_write(path, problem)) from problem
        return cls(path, dtype, max_bytes)

    def recipe(self, recipe: Recipe) -> None:
        """Keep the recipe."""
        text = json.dumps(recipe.to_dict(), indent=2, sort_keys=True, allow_nan=False)
        write_file(self.folder / RECIPE, text.encode() + b"\n")

    def note(self, event: Mapping[str, Any]) -> None:
        """Add one event to events.jsonl. Raises OutputError."""
        path = self.folder / EVENTS
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(event) + "\n")
        except OSError as problem:
            raise OutputError(cannot_write(path, problem)) from problem

    def keep(self, i: int, arrays: Mapping[str, np.ndarray]) -> str | None:
        """Write the arrays of step i and answer the file's name; None where they would pass max_bytes."""
        import safetensors.numpy

        small = {name: np.ascontiguousarray(array, dtype=self.dtype) for name, array in arrays.items()}
        size = sum(array.nbytes for array in small.values())
        if not small or self.written + size > self.max_bytes:
            return None
        self.written += size
        name = f"step-{i:04d}.safetensors"
        write_file(self.folder / name, safetensors.numpy.save(small))
        return name


@dataclass(frozen=True, eq=False)
class Trace:
    """A trace read back: its recipe and events; arrays are read step by step."""

    folder: Path
    recipe: Recipe
    events: tuple[Mapping[str, Any], ...]

    @property
    def steps(self) -> tuple[Mapping[str, Any], ...]:
        """The events that are steps."""
        return tuple(event for event in self.events if event.get("event") == "step")

    def arrays(self, i: int) -> dict[str, np.ndarray]:
        """The arrays of step i by name; empty where none were kept. Raises RecipeError for a damaged file."""
        import safetensors.numpy

        name = next((event.get("file") for event in self.steps if event.get("i") == i), None)
        if name is None:
            return {}
        if not isinstance(name, str) or not STEP_FILE.fullmatch(name):
            raise RecipeError(f"{self.folder / EVENTS} names a file {name!r}; the trace is damaged")
        try:
            return safetensors.numpy.load(_read(self.folder / name))
        except RecipeError:
            raise
        except Exception as problem:  # the parser raises several kinds
            raise RecipeError(f"{self.folder / name} is damaged; record the trace again") from problem


def read_trace(folder: str | Path) -> Trace:
    """A trace from its folder. Raises RecipeError where there is none or it is damaged."""
    path = Path(folder)
    recipe = Recipe.from_json(_read(path / RECIPE).decode("utf-8", "replace"))
    try:
        events = tuple(json.loads(line) for line in _read(path / EVENTS).splitlines() if line.strip())
    except (ValueError, RecursionError) as problem:
        raise RecipeError(f"{path / EVENTS} is damaged: a line of it is not JSON; record the trace again") from problem
    if not all(isinstance(event, dict) for event in events):
        raise RecipeError(f"{path / EVENTS} is damaged: a line of it is no table; record the trace again")
    return Trace(path, recipe, events)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > LIMIT:
            raise RecipeError(f"{path} is larger than {LIMIT >> 20} MiB; no trace has a file of that size")
        return path.read_bytes()
    except OSError as problem:
        raise RecipeError(
            f"cannot read {path}: {(problem.strerror or 'error').lower()}; give a folder made by --trace"
        ) from problem
