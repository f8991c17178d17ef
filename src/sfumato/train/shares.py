"""Which pictures of a step are whose: a pure function of (batch, micro, rank, size).

Every process knows the whole step (its pictures, noise and levels are functions of the step's number) and computes its
own parts of it. So any number of processes show the same pictures under the same noise.
"""

from sfumato.errors import RecipeError


def parts_of(batch: int, micro: int, rank: int, size: int) -> list[slice]:
    """The parts of one process, which follow each other: whole micro-batches where there is one for everybody.

    Else an equal share of the pictures, as nearly as they can be dealt. With one process: the micro-batches.
    Raises RecipeError where there are more processes than pictures.
    """
    if batch < size:
        raise RecipeError(
            f"optimiser.batch is {batch} and {size} processes are to share it; start at most {batch}, or raise it"
        )
    micro = micro or batch
    if batch // micro < size:
        return [dealt(slice(0, batch), size)[rank]]
    mine = dealt(slice(0, batch // micro), size)[rank]
    return [slice(k * micro, (k + 1) * micro) for k in range(mine.start, mine.stop)]


def dealt(part: slice, hands: int) -> list[slice]:
    """A part of a step in as many parts as there are hands, of nearly equal sizes, in order."""
    count = part.stop - part.start
    return [slice(part.start + count * k // hands, part.start + count * (k + 1) // hands) for k in range(hands)]


def refuse_uneven(batch: int, micro: int, size: int) -> None:
    """Raise RecipeError where the shares differ in size: what gathers weights on the way needs equal ones."""
    sizes = {tuple(p.stop - p.start for p in parts_of(batch, micro, rank, size)) for rank in range(size)}
    if len(sizes) > 1:
        raise RecipeError(
            f"optimiser.batch {batch} (micro {micro}) cannot be dealt evenly to {size} processes, which "
            f"--spread shards needs; make the batch a multiple of {size} x micro"
        )
