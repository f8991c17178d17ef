"""Samplers and schedulers by the names that A1111's web UI gives them, and back.

Theirs is a scheduler, ours a grid: which noise levels are visited. Equal ones have the same definition: `exponential`
is even in log sigma_edm, as our uniform-lambda is; `sgm_uniform` begins at the last step, as our trailing does; `ddim`
is our leading. All else goes by our own names.
"""

from collections.abc import Mapping

from sfumato.model import Model
from sfumato.process.grid import GRIDS
from sfumato.samplers import SAMPLERS
from sfumato.studio.foreign.refusal import Refusal

NAMES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "ddpm": ("DDPM", ()),
    "ddim": ("DDIM", ()),
    "pndm": ("PLMS", ("k_plms",)),
    "euler": ("Euler", ("k_euler",)),
    "euler-ancestral": ("Euler a", ("k_euler_a", "k_euler_ancestral")),
    "heun": ("Heun", ("k_heun",)),
    "dpmpp-2m": ("DPM++ 2M", ("k_dpmpp_2m",)),
    "dpmpp-2m-sde": ("DPM++ 2M SDE", ("k_dpmpp_2m_sde",)),
    "unipc": ("UniPC", ()),
    "langevin": ("Langevin", ()),
    "consistency": ("LCM", ("k_lcm",)),
}
"""Our kind: their name, and further ones."""

SCHEDULERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "leading": ("Leading", ("ddim",)),
    "trailing": ("Trailing", ("sgm_uniform", "SGM Uniform")),
    "linspace": ("Linspace", ()),
    "quadratic": ("Quadratic", ()),
    "uniform": ("Uniform", ()),
    "shifted": ("Shifted", ()),
    "karras": ("Karras", ()),
    "uniform-lambda": ("Uniform lambda", ("exponential",)),
}
"""Our grid: the label that is shown, and further names."""

AUTOMATIC = "automatic"
"""The model's own grid."""


def samplers(model: Model) -> list[str]:
    """The kinds that this model can be drawn with: `consistency` only where it was made for that."""
    few = model.bundle.card.get("few_steps")
    return [kind for kind in SAMPLERS if kind != "consistency" or few is not None]


def sampler_of(model: Model, name: str) -> tuple[str, str | None]:
    """Our kind for a name of theirs or ours, and the grid that older names end in ("DPM++ 2M Karras").

    Raises Refusal with their words and the status 404.
    """
    known = {called(each): kind for kind in samplers(model) for each in (kind, NAMES[kind][0], *NAMES[kind][1])}
    if called(name) in known:
        return known[called(name)], None
    first, _, last = name.strip().rpartition(" ")
    if called(first) in known and called(last) in ("karras", "exponential"):
        return known[called(first)], grid_of(last)
    raise Refusal("Sampler not found", param="sampler_name", status=404)


def grid_of(name: str) -> str | None:
    """Our grid for a name of theirs or ours; None is the model's own. Raises Refusal with the status 404."""
    known = {called(each): grid for grid in GRIDS for each in (grid, SCHEDULERS[grid][0], *SCHEDULERS[grid][1])}
    if called(name) == AUTOMATIC:
        return None
    if called(name) not in known:
        raise Refusal("Scheduler not found", param="scheduler", status=404)
    return known[called(name)]


def called(name: str) -> str:
    """A name, however it is written."""
    return name.strip().lower()
