"""What is computed once of a corpus and then kept: one number array in the cache folder, whole or not there."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from sfumato.errors import OutputError


def kept(path: Path, count: int, make: Callable[[], Float32[np.ndarray, "n d"]]) -> Float32[np.ndarray, "n d"]:
    """The array at `path` if it has `count` rows; else what `make` makes, which is written there.

    Raises OutputError where the folder cannot be written.
    """
    if path.is_file():
        known = np.load(path)
        if len(known) == count:
            return known
    found = make()
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            np.save(file, found)
        os.replace(part, path)
    except OSError as problem:
        raise OutputError(
            f"the cache {path.parent} cannot be written: {problem.strerror}; free space or give --cache"
        ) from problem
    finally:
        part.unlink(missing_ok=True)
    return found
