"""All that one running studio holds."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import UInt8

from sfumato.studio.desk import Desk
from sfumato.studio.foreign.waiting import Line
from sfumato.studio.ids import Shelf
from sfumato.studio.library import Library
from sfumato.studio.photo import SHIPPED, shipped
from sfumato.studio.runs import BYTES, RUNS, Run
from sfumato.studio.training import Training

PHOTOS = 32
"""The reader's pictures that are kept: 128 x 128 pixels each, 48 KiB."""


@dataclass(frozen=True, eq=False)
class Studio:
    """A desk with the model, what the reader brought and drew, and the word that only this process' own page knows.

    training: the run that the command was given, if any. library: the pictures that others are compared with.
    line: the orders of other programs.
    """

    desk: Desk
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    photos: Shelf[UInt8[np.ndarray, "h w 3"]] = field(default_factory=lambda: Shelf("photo", PHOTOS))
    runs: Shelf[Run] = field(default_factory=lambda: Shelf("run", RUNS, size=lambda run: run.bytes, limit=BYTES))
    training: Training | None = None
    library: Library = field(default_factory=Library)
    line: Line = field(default_factory=Line)

    def photo(self, name: str) -> UInt8[np.ndarray, "h w 3"]:
        """One of ours by its name, or the reader's own by the one it was given. Raises RecipeError."""
        return shipped(name) if name in SHIPPED else self.photos.get(name)

    def photo_of(self, body: Mapping[str, Any]) -> UInt8[np.ndarray, "h w 3"]:
        """The one that a request names. Raises RecipeError."""
        return self.photo(str(body.get("photo", "")))
