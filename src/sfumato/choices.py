"""Closed tables of named parts: what a name may be, what its options may be, and the near ones when it is neither.

A recipe or a model folder names its parts ({"kind": "ddim", "eta": 0.0}); the name is looked up in a table written in
the source and never imported, so a file from elsewhere cannot choose what code runs.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from sfumato.errors import RecipeError, SfumatoError


def near(name: str, names: Iterable[str]) -> str:
    """A remedy for an unknown name: the near ones, or all of them when none is near."""
    known = sorted(names)
    close = get_close_matches(str(name).lower(), known, n=3, cutoff=0.5)
    if close:
        return f"did you mean {' or '.join(repr(c) for c in close)}?"
    return f"known: {', '.join(known)}"


def refuse_unknown(
    given: Iterable[str], known: Iterable[str], what: str, error: type[SfumatoError] = RecipeError
) -> None:
    """Raise `error` for the first key of `given` that is not in `known`, naming the near ones."""
    allowed = set(known)
    for key in given:
        if key not in allowed:
            raise error(f"{what} has an unknown key {key!r}; {near(key, allowed)}")


def plain(value: Any) -> Any:
    """`value` in the types of JSON: tuples become lists, mappings dicts."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value


def choose(
    table: Mapping[str, type], options: Mapping[str, Any], what: str, error: type[SfumatoError] = RecipeError
) -> Any:
    """Build the dataclass that options["kind"] names, from the other options.

    Raises:
        `error`: no such kind, an option that the kind does not have, or a value of the wrong type.
    """
    kind = str(options.get("kind"))
    if kind not in table:
        raise error(f"unknown {what} {kind!r}; {near(kind, table)}")
    fields = {f.name: f for f in dataclasses.fields(table[kind]) if f.init}
    given = {key: as_tuples(value) for key, value in options.items() if key != "kind"}
    refuse_unknown(given, fields, f"{what} {kind!r}", error)
    for key, value in given.items():
        _check(fields[key], value, f"{what} {kind!r}", error)
    return table[kind](**given)


def describe(table: Mapping[str, type], part: Any) -> dict[str, Any]:
    """The options that `choose` would build `part` from, every default written out."""
    kind = next(name for name, cls in table.items() if cls is type(part))
    values = {f.name: getattr(part, f.name) for f in dataclasses.fields(part) if f.init}
    return {"kind": kind, **plain(values)}


def as_tuples(value: Any) -> Any:
    """`value` with every list in it as a tuple: the way back from `plain`."""
    return tuple(as_tuples(v) for v in value) if isinstance(value, list | tuple) else value


def _check(field: dataclasses.Field, value: Any, what: str, error: type[SfumatoError]) -> None:
    """A default says what type an option has: a number for a number, true or false for a boolean, a name for a name."""
    default = field.default
    if default is dataclasses.MISSING or default is None:
        return
    number = isinstance(default, int | float) and not isinstance(default, bool)
    fits = (
        isinstance(value, int | float) and not isinstance(value, bool) if number else isinstance(value, type(default))
    )
    if not fits:
        raise error(
            f"{what}: option {field.name!r} is {value!r}; expected {type(default).__name__}, such as {default!r}"
        )
