"""Where a recipe's data lie: a path, a name below SFUMATO_DATA, or one line that says what to do."""

import os
from pathlib import Path

from sfumato.errors import CorpusError

COLOURS = "-colours"
"""How the name of a corpus ends that was made to teach the colours of another."""


def locate(name: str, data: Path | None) -> Path:
    """The file or folder of the corpus `name` ("glyphs", or any path).

    A name is looked for as `name.parquet` or `name` in `data` (the command's DATA), which may also be that file itself,
    then in the folder that the environment's SFUMATO_DATA names. Raises CorpusError with the remedy.
    """
    given = [data] if data is not None else []
    if "SFUMATO_DATA" in os.environ:
        given.append(Path(os.environ["SFUMATO_DATA"]))
    for place in given:
        if found := within(place, name):
            return found
    path = Path(name)
    if path.exists():
        return path
    whole = name.removesuffix(COLOURS)
    made = f"make it: `sfumato corpus colours {whole}.parquet --out {name}.parquet`; " if whole != name else ""
    places = ", ".join(str(place) for place in given) or "nowhere, as none was named"
    raise CorpusError(
        f"the corpus {name!r} was not found (looked in {places}): {made}"
        f"say where {name}.parquet lies with DATA on the command line or with the environment's SFUMATO_DATA, "
        "or give a DATA that is a corpus itself: a folder of captioned pictures"
    )


def within(place: Path, name: str) -> Path | None:
    """The corpus `name` in a folder, or the place itself where it is that corpus; None where it is neither."""
    if place.resolve().stem == name and place.exists():
        return place
    candidates = (place / f"{name}.parquet", place / name)
    return next((candidate for candidate in candidates if candidate.exists()), None)


def cache_folder() -> Path:
    """Where decoded pictures and latents are kept: SFUMATO_CACHE, else ~/.cache/sfumato."""
    named = os.environ.get("SFUMATO_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "sfumato"
