"""Recipes from TOML: named or from a file, with `--set a.b=c` on top, unknown keys refused with the near ones named."""

import tomllib
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from sfumato.choices import near, plain, refuse_unknown
from sfumato.errors import RecipeError
from sfumato.train.recipe import TrainRecipe


def load_recipe(name: str, changes: Sequence[str] = ()) -> TrainRecipe:
    """The recipe of that name among the shipped ones, or in that TOML file, changed by "a.b=c" settings."""
    return recipe_from(changed(read_toml(name), changes))


def shipped() -> list[str]:
    """The names of the recipes that come with Sfumato."""
    folder = resources.files("sfumato") / "recipes"
    return sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml"))


def read_toml(name: str) -> dict[str, Any]:
    """The tables of a shipped recipe or of a file. Raises RecipeError where it is absent or no TOML."""
    if name in shipped():
        text = (resources.files("sfumato") / "recipes" / f"{name}.toml").read_text("utf-8")
    else:
        path = Path(name)
        if not path.is_file():
            raise RecipeError(
                f"no recipe {name!r}: neither a file nor one of the shipped ones; {near(name, shipped())}"
            )
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RecipeError(f"the recipe {name} cannot be read as UTF-8 text") from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"the recipe {name} is no valid TOML: {error}") from error


def changed(table: Mapping[str, Any], changes: Sequence[str]) -> dict[str, Any]:
    """`table` with each "a.b=value" put in; a value is TOML where it can be read so, else text."""
    out = plain(table)
    for change in changes:
        key, equals, text = change.partition("=")
        if not equals or not key:
            raise RecipeError(f"--set {change!r} has no '='; write it as a.b=c, for instance --set optimiser.lr=0.0003")
        *path, last = key.strip().split(".")
        place = out
        for part in path:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise RecipeError(f"--set {change!r}: {part!r} is a value, not a table")
        place[last] = value_of(text)
    return out


def value_of(text: str) -> Any:
    """What a user typed after an "=": TOML where it can be read so, else text."""
    try:
        return tomllib.loads(f"x = {text}")["x"]
    except tomllib.TOMLDecodeError:
        return text


def recipe_from(table: Mapping[str, Any]) -> TrainRecipe:
    """A recipe from plain tables, checked key by key and value by value. Raises RecipeError naming the key."""
    return _build(TrainRecipe, table, "")


def _build(cls: type, table: Mapping[str, Any], where: str) -> Any:
    known = {f.name: f.type for f in fields(cls)}
    refuse_unknown(table, known, f"the recipe's table {where.rstrip('.')!r}" if where else "the recipe")
    values = {key: _value(known[key], value, where + key) for key, value in table.items()}
    try:
        return cls(**values)
    except TypeError as error:
        raise RecipeError(f"the recipe lacks a value in {where or 'its top level'}: {error}") from error


def _value(kind: Any, value: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if is_dataclass(kind):
        if not isinstance(value, Mapping):
            raise RecipeError(f"{where} is {value!r}; it must be a table")
        return _build(typing.cast(type, kind), value, where + ".")
    if origin is typing.Literal:
        if value not in arguments:
            raise RecipeError(f"{where} is {value!r}; {near(str(value), [str(a) for a in arguments])}")
        return value
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise RecipeError(f"{where} is {value!r}; it must be a list")
        if arguments[-1] is not Ellipsis and len(value) != len(arguments):
            raise RecipeError(f"{where} has {len(value)} entries; it must have {len(arguments)}")
        return tuple(_value(arguments[0], v, f"{where}[{k}]") for k, v in enumerate(value))
    if origin is dict or isinstance(kind, types.GenericAlias):
        if not isinstance(value, Mapping):
            raise RecipeError(f"{where} is {value!r}; it must be a table")
        return dict(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise RecipeError(f"{where} is {value!r}; it must be of type {kind.__name__}")
    return value
