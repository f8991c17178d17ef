"""One picture = one recipe: everything its pixels depend on, as plain data that survives a file."""

import dataclasses
import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sfumato.alpha import colour_of
from sfumato.choices import plain, refuse_unknown
from sfumato.errors import RecipeError

VERSION = 1
"""The version of the recipe format that this code writes; it reads no newer one."""

DTYPES = ("float32", "bfloat16", "float16")
"""The number formats a network may run in; the sampler's state is float32 always."""

PROMPT_LIMIT = 2000
"""The longest prompt in characters that a recipe holds, so that it fits the 64 KiB that a JPEG leaves for it."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How to make one picture. The same recipe on the same build and kind of device gives the same pixels.

    size is (width, height) in pixels. `sampler` and `guidance` are {"kind": name, option: value, ...} with every
    default written out. `microbatch` is the number of pictures in every call of the network, padded where there are
    fewer: arithmetic depends on it in the last bit, so it is part of the recipe and never of the circumstances.
    `background` is what shows behind a picture with alpha: "white", "#rrggbb", or "transparent", which keeps the alpha.
    `engine` says what ran: it is a record, not an instruction.
    """

    prompt: str = ""
    negative: str = ""
    seed: int = 0
    model: str
    model_hash: str
    size: tuple[int, int]
    steps: int
    grid: str
    sampler: Mapping[str, Any]
    guidance: Mapping[str, Any]
    dtype: str = "float32"
    microbatch: int = 1
    background: str = "white"
    engine: Mapping[str, Any] = field(default_factory=dict)
    version: int = VERSION

    def __post_init__(self) -> None:
        """Refuse what no model can do; the pipeline refuses what its own model cannot."""
        for name in ("prompt", "negative", "model", "model_hash", "grid", "dtype"):
            _text(name, getattr(self, name))
        if self.background not in ("white", "transparent"):
            colour_of(_text("background", self.background))
        _whole("seed", self.seed, 0, 2**64 - 1)
        _whole("steps", self.steps, 1, 100_000)
        _whole("microbatch", self.microbatch, 1, 1024)
        _whole("version", self.version, 1, VERSION)
        object.__setattr__(self, "size", _size(self.size))
        for name in ("sampler", "guidance", "engine"):
            if not isinstance(getattr(self, name), Mapping):
                raise RecipeError(f"{name} is {getattr(self, name)!r}; expected a table such as {{'kind': ...}}")
            object.__setattr__(self, name, _finite(name, plain(getattr(self, name))))
        if self.dtype not in DTYPES:
            raise RecipeError(f"dtype is {self.dtype!r}; expected one of {', '.join(DTYPES)}")

    def agrees(self, other: "Recipe") -> bool:
        """Whether both can share a batch: they differ at most in prompt, negative prompt and seed."""
        return dataclasses.replace(self, prompt=other.prompt, negative=other.negative, seed=other.seed) == other

    def to_dict(self) -> dict[str, Any]:
        """The recipe in the types of JSON; a white background is not mentioned, as it was before there were others."""
        entries = {f.name: plain(getattr(self, f.name)) for f in dataclasses.fields(self)}
        if self.background == "white":
            del entries["background"]
        return entries

    def to_json(self) -> str:
        """The one canonical text of the recipe: sorted keys, no spaces, ASCII."""
        return canonical(self.to_dict())

    @classmethod
    def from_dict(cls, values: Any) -> "Recipe":
        """A recipe from plain data. Raises RecipeError for an unknown, missing or impossible entry."""
        if not isinstance(values, Mapping):
            raise RecipeError(f"a recipe is a table of names and values, not {type(values).__name__}")
        version = values.get("version", VERSION)
        if isinstance(version, int) and version > VERSION:
            raise RecipeError(f"the recipe has format {version}, this Sfumato reads up to {VERSION}; upgrade Sfumato")
        fields = dataclasses.fields(cls)
        refuse_unknown(values, [f.name for f in fields], "the recipe")
        required = (f.name for f in fields if f.default is f.default_factory is dataclasses.MISSING)
        missing = [name for name in required if name not in values]
        if missing:
            raise RecipeError(
                f"the recipe lacks {', '.join(missing)}; take one from a picture with `sfumato inspect --json`"
            )
        size = values["size"]  # JSON has no tuples
        return cls(**{**values, "size": tuple(size) if isinstance(size, list) else size})

    @classmethod
    def from_json(cls, text: str) -> "Recipe":
        """A recipe from JSON. Raises RecipeError."""
        try:
            return cls.from_dict(json.loads(text))
        except (ValueError, RecursionError) as problem:
            raise RecipeError(
                "the recipe is not valid JSON; take one from a picture with `sfumato inspect --json`"
            ) from problem

    @classmethod
    def from_toml(cls, text: str) -> "Recipe":
        """A recipe from TOML. Raises RecipeError."""
        try:
            return cls.from_dict(tomllib.loads(text))
        except (ValueError, RecursionError) as problem:
            raise RecipeError(f"the recipe is not valid TOML: {problem}") from problem


def canonical(value: Any) -> str:
    """Plain data as the one JSON text that stands for it, so that equal data have equal hashes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def parse_options(text: str) -> dict[str, Any]:
    """'name' or 'name:option=value,option=value' as {"kind": name, option: value}; values are JSON, else text."""
    kind, _, rest = text.partition(":")
    options: dict[str, Any] = {"kind": kind.strip().lower()}
    for part in filter(None, rest.split(",")):
        key, equals, value = part.partition("=")
        if not equals:
            raise RecipeError(f"{text!r} is not understood at {part!r}; write name:option=value,option=value")
        try:
            options[key.strip().replace("-", "_")] = json.loads(value)
        except ValueError:
            options[key.strip().replace("-", "_")] = value.strip()
    return options


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise RecipeError(f"{name} is {value!r}; expected text")
    if len(value) > PROMPT_LIMIT:
        raise RecipeError(f"{name} has {len(value)} characters; at most {PROMPT_LIMIT} fit a recipe")
    return value


def _whole(name: str, value: Any, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        limit = "2^64 - 1" if high == 2**64 - 1 else high
        raise RecipeError(f"{name} is {value!r}; expected a whole number in {low}..{limit}")


def _size(value: Any) -> tuple[int, int]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise RecipeError(f"size is {value!r}; expected width and height, such as (128, 128)")
    for side in value:
        _whole("size", side, 1, 65_535)
    return (value[0], value[1])


def _finite(name: str, value: Any) -> Any:
    """`value` unchanged. Raises RecipeError for a number that is nan or infinite, anywhere in it."""
    for key, entry in value.items():
        if isinstance(entry, float) and not math.isfinite(entry):
            raise RecipeError(f"{name} {key} is {entry}; expected a finite number")
        if isinstance(entry, dict):
            _finite(f"{name} {key}", entry)
    return value
