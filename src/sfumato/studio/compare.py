"""Two runs side by side: where they first differ, and by how much at every step they have in common."""

from typing import Any

import numpy as np

from sfumato.arrays import as_numpy
from sfumato.errors import RecipeError
from sfumato.inspect.numbers import rms
from sfumato.studio.runs import Kept, Run
from sfumato.types import Array


def compare(one: Run, other: Run) -> dict[str, Any]:
    """Differences of x_t and x0_hat (root mean squares) step by step, and of the pictures, in grey levels of 255.

    first: the first step at which x_t, the guess or the level is not the same to the bit; None where none is. aligned:
    whether step k of both begins at the same level throughout; where not, steps are paired by their number alone.

    Raises:
        RecipeError: a run without a step.
    """
    if not one.kept or not other.kept:
        raise RecipeError("a run without any step cannot be compared; draw it first")
    pairs = list(zip(one.kept, other.kept, strict=False))
    if as_numpy(pairs[0][0].step.x_next).shape != as_numpy(pairs[0][1].step.x_next).shape:
        raise RecipeError("the runs are of different sizes; compare two of one size")
    rows = [_row(a, b) for a, b in pairs]
    first = next((k for k, (a, b) in enumerate(pairs) if not _same(a, b)), None)
    longer = len(one.kept) != len(other.kept)
    return {
        "steps": rows,
        "first": len(pairs) if first is None and longer else first,
        "aligned": all(a.step.here.t == b.step.here.t for a, b in pairs),
        "picture": _pictures(one, other),
    }


def _row(a: Kept, b: Kept) -> dict[str, float]:
    return {
        "t": float(a.step.here.t),
        "t_other": float(b.step.here.t),
        "x_t": rms(_difference(a.step.prediction.x_t, b.step.prediction.x_t)),
        "x0_hat": rms(_difference(a.step.prediction.x0_hat, b.step.prediction.x0_hat)),
    }


def _difference(a: Array, b: Array) -> Array:
    return as_numpy(a).astype(np.float64) - as_numpy(b)


def _same(a: Kept, b: Kept) -> bool:
    beliefs = (a.step.prediction, b.step.prediction)
    return a.step.here.t == b.step.here.t and all(
        np.array_equal(as_numpy(x), as_numpy(y)) for x, y in zip(*((p.x_t, p.x0_hat) for p in beliefs), strict=True)
    )


def _pictures(one: Run, other: Run) -> float | None:
    """The finished pictures' root mean square difference over white, where both are finished."""
    if one.picture is None or other.picture is None:
        return None
    a, b = (np.asarray(run.picture.image.convert("RGB"), np.float64) for run in (one, other) if run.picture is not None)
    return rms(a - b)
