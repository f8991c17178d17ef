"""From the arguments of a U-Net to one row of numbers a level, with the errors that belong to it."""

from collections.abc import Sequence
from typing import get_args

from sfumato.errors import RecipeError
from sfumato.nets.stages import Attend, Stage


def _per_level(name: str, value: int | Sequence[int], levels: int) -> tuple[int, ...]:
    values = (value,) * levels if isinstance(value, int) else tuple(value)
    if len(values) != levels or min(values) < 1:
        raise RecipeError(f"{name} is {value}; expected one positive number, or one for each of the {levels} levels")
    return values


def heads_of(
    widths: Sequence[int], heads: int | Sequence[int] | None, head_dim: int | Sequence[int] | None
) -> tuple[int, ...]:
    """The number of heads of each level, from whichever of the two was given."""
    if heads is not None and head_dim is not None:
        raise RecipeError(
            f"heads is {heads} and head_dim {head_dim}; give one of them: the other follows from the width"
        )
    if heads is not None:
        return _per_level("heads", heads, len(widths))
    dims = _per_level("head_dim", 64 if head_dim is None else head_dim, len(widths))
    for width, dim in zip(widths, dims, strict=True):
        if width % dim:
            raise RecipeError(f"{width} channels do not split into heads of {dim}; choose a head_dim that divides it")
    return tuple(width // dim for width, dim in zip(widths, dims, strict=True))


def plan(
    widths: Sequence[int],
    layers_per_block: int | Sequence[int],
    attend: Sequence[Attend],
    transformer_layers: int | Sequence[int],
    heads: Sequence[int],
) -> list[Stage]:
    """The levels from the top down, and last the middle, whose residual blocks are two whatever `layers` says."""
    if len(attend) != len(widths) + 1 or not set(attend) <= set(get_args(Attend)):
        raise RecipeError(
            f"attend and mid_attend are {attend}; expected one of {get_args(Attend)} "
            f"for each of the {len(widths)} levels and for the middle"
        )
    layers = _per_level("layers_per_block", layers_per_block, len(widths))
    depths = _per_level("transformer_layers", transformer_layers, len(widths))
    rows = list(zip(widths, layers, attend[:-1], heads, depths, strict=True))
    rows.append((widths[-1], layers[-1], attend[-1], heads[-1], depths[-1]))
    return [Stage(channels=c, layers=n, attend=a, heads=k, depth=d) for c, n, a, k, d in rows]
