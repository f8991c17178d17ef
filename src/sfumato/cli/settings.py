"""Where a setting comes from: the flag, else SFUMATO_NAME, else the config file, else the model."""

import os
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sfumato.choices import refuse_unknown
from sfumato.errors import RecipeError

SECTION = "generate"
LIMIT = 1 << 20


def whole(text: str) -> int:
    """A whole number."""
    return int(text, 10)


def size(text: str) -> tuple[int, int]:
    """'128' or '128x96': width and height in pixels."""
    width, _, height = text.lower().partition("x")
    return int(width, 10), int(height or width, 10)


def interval(text: str) -> tuple[float, float]:
    """'0.2:0.8': two times."""
    low, _, high = text.partition(":")
    return float(low), float(high)


def switch(text: str) -> bool:
    """yes, true, 1, on; or no, false, 0, off."""
    return {"yes": True, "true": True, "1": True, "on": True, "no": False, "false": False, "0": False, "off": False}[
        text.lower()
    ]


EXPECTED = {
    whole: "a whole number",
    float: "a number",
    size: "a side or width x height, such as 128 or 128x128",
    interval: "two times in 0..1, such as 0.2:0.8",
    switch: "yes or no",
    str: "text",
}

SETTINGS: Mapping[str, Callable[[str], Any]] = {
    "model": str,
    "device": str,
    "seed": whole,
    "count": whole,
    "sampler": str,
    "grid": str,
    "steps": whole,
    "guidance": float,
    "interval": interval,
    "threshold": str,
    "weak": str,
    "fast": switch,
    "student": str,
    "negative": str,
    "size": size,
    "microbatch": whole,
    "background": str,
    "scale": whole,
    "out": str,
    "format": str,
    "private": switch,
}
"""Every setting that may also come from the environment or the config file, and how its text is read."""


def gather(flags: Mapping[str, str | None]) -> dict[str, Any]:
    """The settings that somebody gave, by name, each from the strongest source that has it.

    Raises:
        RecipeError: a value that cannot be read, an unknown key in the config file, or a config file that is no TOML.
    """
    path, file = read_config()
    found: dict[str, Any] = {}
    for name, parse in SETTINGS.items():
        sources = (
            (f"--{name}", flags.get(name)),
            (f"SFUMATO_{name.upper()}", os.environ.get(f"SFUMATO_{name.upper()}")),
            (f"{name} in {path}", file.get(name)),
        )
        for source, value in sources:
            if value is not None:
                found[name] = convert(parse, value, source)
                break
    return found


def convert(parse: Callable[[str], Any], value: Any, source: str) -> Any:
    """One setting from its text (or from TOML's own type). Raises RecipeError naming where it came from."""
    try:
        if not isinstance(value, str | int | float):
            raise ValueError
        return parse(value if isinstance(value, str) else str(value))
    except (ValueError, KeyError) as problem:
        raise RecipeError(f"{source} is {value!r}; expected {EXPECTED[parse]}") from problem


def read_config() -> tuple[Path, dict[str, Any]]:
    """The config file and its [generate] table; empty where there is none, unless SFUMATO_CONFIG names it."""
    named = os.environ.get("SFUMATO_CONFIG")
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    path = Path(named) if named else home / "sfumato" / "config.toml"
    if not named and not path.is_file():
        return path, {}
    try:
        data = path.read_bytes()[:LIMIT]
        tables = tomllib.loads(data.decode("utf-8"))
    except OSError as problem:
        raise RecipeError(
            f"cannot read the config file {path}: {(problem.strerror or 'error').lower()}; check SFUMATO_CONFIG"
        ) from problem
    except (ValueError, RecursionError) as problem:
        raise RecipeError(f"the config file {path} is not valid TOML: {problem}") from problem
    refuse_unknown(tables, (SECTION,), f"the config file {path}")
    table = tables.get(SECTION, {})
    if not isinstance(table, dict):
        raise RecipeError(f"the config file {path}: {SECTION} is {table!r}; expected a table [{SECTION}]")
    refuse_unknown(table, SETTINGS, f"[{SECTION}] in {path}")
    return path, table
