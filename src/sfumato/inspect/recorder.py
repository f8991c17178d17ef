"""Events on their way past: what a policy asks for is stored, and every event is handed on unchanged."""

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sfumato.arrays import as_numpy
from sfumato.inspect.numbers import level_numbers, step_arrays, step_numbers
from sfumato.inspect.policy import Policy
from sfumato.inspect.store import Store
from sfumato.pipeline import Bundle, Decoded, Encoded, Event, trace
from sfumato.recipe import Recipe
from sfumato.samplers.base import Step
from sfumato.underpainting import Underpainting

DEFAULT = Policy()


def record(
    bundle: Bundle,
    recipe: Recipe,
    folder: str | Path,
    policy: Policy = DEFAULT,
    *,
    under: Underpainting | None = None,
) -> Iterator[Event]:
    """`trace` of one recipe, stored in a new folder as it happens.

    Raises:
        OutputError: the folder is not empty or cannot be written. RecipeError: as `trace`, or no layer matches
        policy.attention.
    """
    store = Store.create(folder, dtype=policy.dtype, max_bytes=policy.max_bytes)
    store.recipe(recipe)
    maps: dict[str, list[np.ndarray]] = {}
    with _watching(bundle, policy, maps):
        last = recipe.visits - 1
        for event in trace(bundle, recipe, under=under):
            if isinstance(event, Step):
                entries = step_numbers(event)
                if policy.keeps(event.i, last):
                    arrays = step_arrays(event, policy.fields) | {
                        name: np.mean(calls, axis=0) for name, calls in maps.items()
                    }
                    entries["file"] = store.keep(event.i, arrays)
                maps.clear()
                store.note(entries)
            else:
                store.note(described(event))
            yield event


def _watching(bundle: Bundle, policy: Policy, maps: dict[str, list[np.ndarray]]) -> Any:
    """A context in which attention maps [b, l, m], averaged over heads, gather in `maps` under "attention.<layer>"."""
    if policy.attention is None:
        return contextlib.nullcontext()
    from sfumato.inspect.watch import watch

    def sink(name: str, weights: Any) -> None:
        maps.setdefault(f"attention.{name}", []).append(as_numpy(weights).mean(axis=1))

    return watch(bundle.denoiser, policy.attention, sink)


def described(event: Encoded | Decoded) -> dict[str, Any]:
    """The beginning or the end of a trace, as its line in events.jsonl."""
    if isinstance(event, Encoded):
        words = [list(words) for words in (*event.cond.words, *event.null.words)]
        return {"event": "encoded", "words": words, "levels": [level_numbers(level) for level in event.levels]}
    image = np.ascontiguousarray(as_numpy(event.image), dtype=np.float32)
    return {"event": "decoded", "shape": list(image.shape), "sha256": hashlib.sha256(image.tobytes()).hexdigest()}
