"""A run as one file: the trace folder of `sfumato generate --trace` in a zip, with every bit; and back, from anybody.

A fork's file names its legs in events.jsonl. Beside the arrays of a trace it holds x0_hat of what guidance combined,
which eps_hat says nothing of at t = 1. Nothing is compressed, nothing in it runs.
"""

import io
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sfumato.arrays import as_numpy, like
from sfumato.errors import RecipeError
from sfumato.inspect.fork import Leg
from sfumato.inspect.numbers import step_arrays, step_numbers
from sfumato.inspect.policy import FIELDS
from sfumato.inspect.recorder import described
from sfumato.inspect.store import EVENTS, RECIPE, STEP_FILE, Store, Trace, read_trace
from sfumato.pipeline import Decoded, Encoded
from sfumato.process.prediction import Prediction
from sfumato.process.schedule import Level
from sfumato.recipe import Recipe
from sfumato.samplers.base import Step
from sfumato.types import Array

LIMIT = 48 << 20
"""Bytes of a file, and of what is in it."""

STEPS, REACH = 1000, 1e4
"""The most steps, and the largest number, that a run from elsewhere may have."""

DATE = (1980, 1, 1, 0, 0, 0)
"""Of every entry, so that the same run is the same file."""


@dataclass(frozen=True, eq=False)
class Unpacked:
    """A run as it was packed."""

    legs: tuple[Leg, ...]
    steps: tuple[Step, ...]


def pack(legs: Sequence[Leg], encoded: Encoded | None, steps: Sequence[Step], decoded: Decoded | None) -> bytes:
    """The file of a run. Raises RecipeError where it would pass LIMIT."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store.create(folder, dtype="float32", max_bytes=LIMIT)
        store.recipe(legs[-1].recipe)
        if len(legs) > 1:
            told = [{"start": leg.start, "recipe": leg.recipe.to_dict()} for leg in legs]
            store.note({"event": "legs", "legs": told})
        for event in filter(None, (encoded,)):
            store.note(described(event))
        for step in steps:
            store.note(step_numbers(step) | {"file": store.keep(step.i, _arrays(step))})
        for event in filter(None, (decoded,)):
            store.note(described(event))
        if store.written > LIMIT - (4 << 20):
            raise RecipeError(f"the run takes more than {(LIMIT >> 20) - 4} MiB; export one with fewer steps")
        return _zipped(Path(folder))


def unpack(data: bytes, reference: Array) -> Unpacked:
    """The run in a file, its arrays of the kind of `reference`.

    Raises:
        RecipeError: no such file, damaged, too large, or something in it that no run has.
    """
    with tempfile.TemporaryDirectory() as folder:
        _unzip(data, Path(folder))
        trace = read_trace(folder)
        events = trace.steps
        if not 1 <= len(events) <= STEPS:
            raise RecipeError(f"the file has {len(events)} steps; expected 1 to {STEPS}")
        steps = tuple(_step(trace, k, event, reference) for k, event in enumerate(events))
    return Unpacked(_legs(trace, len(steps)), steps)


def _arrays(step: Step) -> dict[str, np.ndarray]:
    terms = {f"{name}.x0_hat": as_numpy(term.x0_hat) for name, term in step.prediction.terms.items()}
    return step_arrays(step, FIELDS) | terms


def _zipped(folder: Path) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as file:
        for path in sorted(folder.iterdir()):
            file.writestr(zipfile.ZipInfo(path.name, DATE), path.read_bytes())
    return out.getvalue()


def _unzip(data: bytes, folder: Path) -> None:
    """Write the entries of a file, whose names are known beforehand, into `folder`. Raises RecipeError."""
    if len(data) > LIMIT:
        raise RecipeError(f"the file has {len(data)} bytes; a run has at most {LIMIT}")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            entries = file.infolist()
            names = [entry.filename for entry in entries]
            strange = [name for name in names if name not in (EVENTS, RECIPE) and not STEP_FILE.fullmatch(name)]
            if strange or len(set(names)) != len(names) or len(names) > STEPS + 2:
                raise RecipeError(f"the file holds {strange[:1] or len(names)!a}, which no run has")
            if sum(entry.file_size for entry in entries) > LIMIT:
                raise RecipeError(f"the file unpacks to more than {LIMIT} bytes; no run has so many")
            for name in names:
                (folder / name).write_bytes(file.read(name))
    except RecipeError:
        raise
    except Exception as problem:  # zipfile and zlib raise several kinds
        raise RecipeError("the file is no run, or damaged; export it again") from problem


def _legs(trace: Trace, count: int) -> tuple[Leg, ...]:
    told = next((event.get("legs") for event in trace.events if event.get("event") == "legs"), None)
    if told is None:
        return (Leg(recipe=trace.recipe),)
    if not isinstance(told, list) or not all(isinstance(one, Mapping) for one in told):
        raise RecipeError("the file's legs are no list of tables; it is damaged")
    legs = tuple(Leg(recipe=Recipe.from_dict(one.get("recipe")), start=_whole(one.get("start"), count)) for one in told)
    if not legs or legs[-1].recipe != trace.recipe:
        raise RecipeError("the file's legs do not end with its recipe; it is damaged")
    return legs


def _step(trace: Trace, k: int, event: Mapping[str, Any], reference: Array) -> Step:
    """Step k, from its numbers and arrays. Raises RecipeError for what cannot be."""
    here, there = (_level(event.get(name)) for name in ("here", "there"))
    arrays = trace.arrays(k) if event.get("i") == k else {}
    shape = arrays["x_t"].shape if "x_t" in arrays else ()
    for name in ("x_t", "x0_hat", "eps_hat", "x_next"):
        if name not in arrays:
            raise RecipeError(f"step {k} has no {name}; only a run that was exported whole can be opened")
    for name, array in arrays.items():
        sound = array.dtype in (np.float16, np.float32) and array.shape == shape and len(shape) == 4 and array.size
        if not sound or not np.abs(array).max() <= REACH:
            raise RecipeError(f"{name[:40]!a} of step {k} is {array.dtype} {list(array.shape)[:8]}, or not finite")
    at = {name: like(array.astype(np.float32), reference) for name, array in arrays.items()}
    terms = {
        name: Prediction(at["x_t"], here, at[f"{name}.x0_hat"], at[name])
        for name in ("cond", "null", "strong", "weak")
        if name in at and f"{name}.x0_hat" in at
    }
    return Step(k, here, there, Prediction(at["x_t"], here, at["x0_hat"], at["eps_hat"], terms), at["x_next"])


def _level(told: Any) -> Level:
    """A level from its numbers. Raises RecipeError."""
    table: Mapping[str, Any] = told if isinstance(told, Mapping) else {}
    values: list[Any] = [table.get(name) for name in ("t", "alpha", "sigma")]
    if not all(type(value) in (int, float) and 0.0 <= value <= 1e3 for value in values) or values[0] > 1.0:
        raise RecipeError("a step's level is no t, alpha and sigma in range; the file is damaged")
    t, alpha, sigma = map(float, values)
    i = table.get("i")
    return Level(t, alpha, sigma, i if type(i) is int and 0 <= i <= 10**6 else None)


def _whole(value: Any, count: int) -> int:
    if type(value) is not int or not 0 <= value <= count:
        raise RecipeError(f"a leg starts at {ascii(value)[:40]}; expected a step in 0..{count}")
    return value
