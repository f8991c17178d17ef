"""A large array through a network in tiles that overlap by what the network sees: the result is that of the whole."""

from collections.abc import Callable, Iterator

from jaxtyping import Float
from torch import Tensor


def in_tiles(
    run: Callable[[Tensor], Tensor],
    x: Float[Tensor, "b c H W"],
    *,
    tile: int,
    halo: int,
    cell: int,
    gives: int,
) -> Float[Tensor, "b d h w"]:
    """run(x), computed tile by tile. tile, halo: in cells of `cell` values of x a side; each gives `gives` a side.

    A tile is run with `halo` more cells on each side, as far as x goes, and what the halo gives is thrown away. Where
    `run` is a stack of zero-padded convolutions (the same at every place) that sees no further than the halo, every
    value is the whole's, at the seams and at the borders of x too. With a smaller halo only values nearer to a seam
    than the missing part are wrong.
    """
    rows, columns = x.shape[-2] // cell, x.shape[-1] // cell
    out: Tensor | None = None
    for top, bottom, above, below in spans(rows, tile, halo):
        for left, right, before, after in spans(columns, tile, halo):
            y = run(x[..., above * cell : below * cell, before * cell : after * cell])
            if out is None:
                out = y.new_empty(*y.shape[:2], rows * gives, columns * gives)
            inner = y[..., (top - above) * gives : (bottom - above) * gives, :]
            inner = inner[..., (left - before) * gives : (right - before) * gives]
            out[..., top * gives : bottom * gives, left * gives : right * gives] = inner
    return run(x) if out is None else out


def spans(n: int, tile: int, halo: int) -> Iterator[tuple[int, int, int, int]]:
    """(start, end) of each tile of 0..n, then with its halo."""
    for start in range(0, n, tile):
        end = min(start + tile, n)
        yield start, end, max(0, start - halo), min(n, end + halo)
