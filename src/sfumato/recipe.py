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

SCALES = (1, 2, 4)
"""How many times larger than drawn a finished picture may be, each way."""

LATER = {"background": "white", "scale": 1, "init": "", "mask": "", "strength": 1.0, "between": {}, "threshold": {}}
"""Entries that the first recipes did not have, with what they say of these."""

WAY_LIMIT = 1000
"""The longest prompt in characters that `between` holds; with two of PROMPT_LIMIT it fits a JPEG still."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How to make one picture. The same recipe on the same build and kind of device gives the same pixels.

    size is (width, height) in pixels. `sampler` and `guidance` are {"kind": name, option: value, ...} with every
    default written out. `microbatch` is the number of pictures in every call of the network, padded where there are
    fewer: arithmetic depends on it in the last bit, so it is part of the recipe and never of the circumstances.
    `background` is what shows behind a picture with alpha: "white", "#rrggbb", or "transparent", which keeps the alpha.
    `scale` is how many times larger the finished picture is, each way, than `size`, which the network draws.
    `init` and `mask` are the hashes of the picture that drawing began from and of what was drawn anew in it
    (canvas.py); `strength` is the share of the steps that were made. `between` is where a picture lies on the way from
    prompt and seed to others: {"prompt": ..., "seed": ..., "share": 0..1}.
    `threshold` is how x0_hat is kept within bounds (thresholding.py), {} where it is not.
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
    scale: int = 1
    init: str = ""
    mask: str = ""
    strength: float = 1.0
    between: Mapping[str, Any] = field(default_factory=dict)
    threshold: Mapping[str, Any] = field(default_factory=dict)
    engine: Mapping[str, Any] = field(default_factory=dict)
    version: int = VERSION

    def __post_init__(self) -> None:
        """Refuse what no model can do; the pipeline refuses what its own model cannot."""
        for name in ("prompt", "negative", "model", "model_hash", "grid", "dtype", "init", "mask"):
            _text(name, getattr(self, name))
        if self.background not in ("white", "transparent"):
            colour_of(_text("background", self.background))
        _whole("seed", self.seed, 0, 2**64 - 1)
        _whole("steps", self.steps, 1, 100_000)
        _whole("microbatch", self.microbatch, 1, 1024)
        _whole("version", self.version, 1, VERSION)
        object.__setattr__(self, "size", _size(self.size))
        for name in ("sampler", "guidance", "engine", "between", "threshold"):
            if not isinstance(getattr(self, name), Mapping):
                raise RecipeError(f"{name} is {getattr(self, name)!r}; expected a table such as {{'kind': ...}}")
            object.__setattr__(self, name, _finite(name, plain(getattr(self, name))))
        if self.dtype not in DTYPES:
            raise RecipeError(f"dtype is {self.dtype!r}; expected one of {', '.join(DTYPES)}")
        if self.scale not in SCALES or isinstance(self.scale, bool):
            raise RecipeError(f"scale is {self.scale!r}; expected one of {', '.join(map(str, SCALES))}")
        object.__setattr__(self, "strength", _strength(self.strength, self.init, self.mask))
        _way(self.between)

    @property
    def visits(self) -> int:
        """How many of `steps` are made: the last ones, as many as `strength` says, at least one."""
        return max(1, round(self.strength * self.steps))

    @property
    def finished_size(self) -> tuple[int, int]:
        """(width, height) of the finished picture."""
        return self.scale * self.size[0], self.scale * self.size[1]

    def agrees(self, other: "Recipe") -> bool:
        """Whether both can share a batch: they differ at most in prompts and seeds."""
        own = {name: getattr(other, name) for name in ("prompt", "negative", "seed")}
        if self.between and other.between:
            own["between"] = other.between
        return dataclasses.replace(self, **own) == other

    def to_dict(self) -> dict[str, Any]:
        """The recipe in the types of JSON; what came later and is not used is not mentioned, as it was before."""
        entries = {f.name: plain(getattr(self, f.name)) for f in dataclasses.fields(self)}
        return {name: value for name, value in entries.items() if name not in LATER or value != LATER[name]}

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


def _strength(value: Any, init: str, mask: str) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0.0 < value <= 1.0:
        raise RecipeError(f"strength is {value!r}; expected a number above 0, up to 1 (1 begins from noise alone)")
    if not init and (mask or value < 1.0):
        raise RecipeError(f"{'mask' if mask else 'strength'} says how an init picture is used, and there is none")
    return float(value)


def _way(value: Mapping[str, Any]) -> None:
    """Raise RecipeError unless `value` is empty or names another prompt and seed, and a share of the way."""
    if not value:
        return
    if set(value) != {"prompt", "seed", "share"}:
        raise RecipeError(f"between is {value!r}; expected prompt, seed and share")
    if len(_text("between prompt", value["prompt"])) > WAY_LIMIT:
        raise RecipeError(f"the prompt of between has {len(value['prompt'])} characters; at most {WAY_LIMIT} fit")
    _whole("between seed", value["seed"], 0, 2**64 - 1)
    share = value["share"]
    if not isinstance(share, int | float) or isinstance(share, bool) or not 0.0 <= share <= 1.0:
        raise RecipeError(f"between share is {share!r}; expected a number in 0..1")


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
