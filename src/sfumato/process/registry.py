"""A closed set of kinds, each a frozen dataclass of plain options, to and from JSON: nothing is imported by name."""

import dataclasses
import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sfumato.errors import ScheduleError


@dataclass(frozen=True)
class Registry:
    """The kinds of one thing, such as schedules: `{"kind": "linear", "T": 1000}` to `Linear(T=1000)` and back."""

    what: str
    kinds: Mapping[str, type]

    def build(self, options: Mapping[str, Any], /) -> Any:
        """The object that `options` describe. Raises ScheduleError for an unknown kind, key or type of value."""
        given = dict(options)
        kind = given.pop("kind", None)
        if not isinstance(kind, str) or kind not in self.kinds:
            raise ScheduleError(f"{self.what} of kind {kind!r}: {_near(kind, self.kinds)}")
        fields = {field.name: field for field in dataclasses.fields(self.kinds[kind]) if field.init}
        for key, value in given.items():
            if key not in fields:
                raise ScheduleError(f"{self.what} {kind!r} has no option {key!r}: {_near(key, fields)}")
            given[key] = _convert(value, fields[key].type, f"{self.what} {kind!r}: {key}")
        missing = [name for name, field in fields.items() if field.default is dataclasses.MISSING and name not in given]
        if missing:
            raise ScheduleError(f"{self.what} {kind!r} needs {', '.join(missing)}")
        return self.kinds[kind](**given)

    def describe(self, value: Any, /) -> dict[str, Any]:
        """The options of `value`, all of them, ready for JSON. Raises ScheduleError for a type outside the set."""
        for kind, cls in self.kinds.items():
            if type(value) is cls:
                options = {field.name: getattr(value, field.name) for field in dataclasses.fields(cls) if field.init}
                return {"kind": kind} | {k: list(v) if isinstance(v, tuple) else v for k, v in options.items()}
        raise ScheduleError(f"a {type(value).__name__} is no {self.what} that can be stored: {_near(None, self.kinds)}")


def _near(name: Any, known: Iterable[str]) -> str:
    """Did you mean: the near names, or else all of them."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3) if isinstance(name, str) else []
    if near:
        return f"did you mean {' or '.join(repr(n) for n in near)}?"
    return f"expected one of {', '.join(repr(n) for n in names)}" if names else "it takes no options"


def _convert(value: Any, wanted: Any, where: str) -> Any:
    """JSON's idea of a number to the field's: an integer will do for a float, a list for a tuple."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if wanted is float and number and math.isfinite(value):
        return float(value)
    if wanted is int and number and isinstance(value, int):
        return value
    if wanted == tuple[float, ...] and isinstance(value, list | tuple):
        return tuple(_convert(part, float, where) for part in value)
    expected = {float: "a finite number", int: "an integer"}.get(wanted, "a list of numbers")
    raise ScheduleError(f"{where} is {value!r}; expected {expected}")
