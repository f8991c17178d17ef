"""A sampler or a guidance as a user names it, with every option written out as a recipe holds it."""

from collections.abc import Mapping
from typing import Any

from sfumato.autoguidance import Weak
from sfumato.choices import choose, describe, near
from sfumato.errors import RecipeError
from sfumato.guidance import GUIDANCES
from sfumato.recipe import parse_options
from sfumato.samplers import SAMPLERS
from sfumato.thresholding import THRESHOLDS


def whole_sampler(choice: Any, default: Mapping[str, Any]) -> dict[str, Any]:
    """The sampler with every option written out; the model's own options where it names the model's own kind alone."""
    options = parse_options(choice) if isinstance(choice, str) else choice
    if not isinstance(options, Mapping):
        raise RecipeError(f"sampler is {choice!r}; expected a name such as 'ddim' or a table; {near('', SAMPLERS)}")
    if options == {"kind": default.get("kind")}:
        options = default
    return describe(SAMPLERS, choose(SAMPLERS, options, "sampler"))


def whole_threshold(choice: Any) -> dict[str, Any]:
    """The threshold with every option written out; {} for "none"."""
    options = parse_options(choice) if isinstance(choice, str) else choice
    if not isinstance(options, Mapping):
        raise RecipeError(f"threshold is {choice!r}; expected a name such as 'static:limit=1', 'none', or a table")
    if not options or options == {"kind": "none"}:
        return {}
    return describe(THRESHOLDS, choose(THRESHOLDS, options, "threshold"))


def whole_guidance(
    choice: Any, default: Mapping[str, Any], *, interval: Any = None, weak: Weak | None = None
) -> dict[str, Any]:
    """A number replaces the scale of the default; a table replaces it whole; an interval replaces that of either.

    With a weak model at hand that the default does not name, the default is autoguidance by it.
    """
    if weak is not None and default.get("weak") != weak.model_hash:
        default = {"kind": "auto", "weak": weak.model_hash}
    if choice is None:
        options: Mapping[str, Any] = default
    elif isinstance(choice, Mapping):
        options = {"kind": "classifier-free"} | dict(choice)
    elif isinstance(choice, int | float) and not isinstance(choice, bool):
        options = dict(default) | {"scale": float(choice)}
    else:
        raise RecipeError(
            f"guidance is {choice!r}; expected a number (0 ignores the prompt, 1 follows it plainly) or a table"
        )
    if interval is not None:
        options = dict(options) | {"interval": interval}
    if weak is not None and options.get("kind") == "auto":
        options = {"weak": weak.model_hash} | dict(options)
    return describe(GUIDANCES, choose(GUIDANCES, options, "guidance"))
