"""Sfumato: a glass-box text-to-image diffusion system.

Noise goes in, a picture for a prompt comes out, every step is yours to see.

The names below are imported when they are first used, so that `import sfumato` is quick and needs neither torch nor
numpy.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from sfumato.inspect.policy import Policy as Policy
    from sfumato.inspect.recorder import record as record
    from sfumato.inspect.watch import watch as watch
    from sfumato.model import Model as Model
    from sfumato.model import generate as generate
    from sfumato.model import load as load
    from sfumato.picture import Picture as Picture
    from sfumato.pipeline import Bundle as Bundle
    from sfumato.pipeline import Decoded as Decoded
    from sfumato.pipeline import Encoded as Encoded
    from sfumato.pipeline import trace as trace
    from sfumato.recipe import Recipe as Recipe
    from sfumato.samplers.base import Step as Step

_HOMES = {
    "Bundle": "pipeline",
    "Decoded": "pipeline",
    "Encoded": "pipeline",
    "Model": "model",
    "Picture": "picture",
    "Policy": "inspect.policy",
    "Recipe": "recipe",
    "Step": "samplers.base",
    "generate": "model",
    "load": "model",
    "record": "inspect.recorder",
    "trace": "pipeline",
    "watch": "inspect.watch",
}

__all__ = [
    "Bundle",
    "Decoded",
    "Encoded",
    "Model",
    "Picture",
    "Policy",
    "Recipe",
    "Step",
    "generate",
    "load",
    "record",
    "trace",
    "watch",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its home."""
    if name not in _HOMES:
        raise AttributeError(f"module 'sfumato' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"sfumato.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
