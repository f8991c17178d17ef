"""What `sfumato corpus check` found, in lines for people."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from sfumato.cli.bar import spell
from sfumato.cli.printable import printable

MANY = 1000
"""Passes over the pictures that a run without an end is reckoned with."""


def lines(facts: Mapping[str, Any], shown: int | None) -> Iterator[str]:
    """The whole report; under each heading at most `shown` files."""
    yield f"{printable(facts['data'])}: {facts['format']} ({facts['because']})"
    yield from summary(facts)
    yield from listing("left out", facts["left_out"], shown)
    yield from listing("used, but worth a look", facts["remarks"], shown)
    yield from training(facts)


def summary(facts: Mapping[str, Any]) -> Iterator[str]:
    """What is there and what would be used."""
    used, out = facts["used"], len(facts["left_out"])
    yield f"  {number(facts['found'], 'picture')} found: {used['train'] + used['val']:,} can be used; left out: {out:,}"
    by = "as the data say" if facts["split_by"] == "the data" else "chosen by their content: the data name no split"
    halves = f"{used['tune']:,} for choices, {used['report']:,} for numbers"
    yield f"  {used['train']:,} to train on; {used['val']:,} held out ({halves}), {by}"
    sides, words = facts["sides"], facts["captions"]
    if sides:
        extra = [f"{facts['transparent']:,} transparent (over white, but for a recipe with alpha)"]
        extra = extra if facts["transparent"] else []
        extra += [f"{facts['animated']:,} animated"] if facts["animated"] else []
        yield f"  long sides {between(sides)} px, used at {facts['size']} px" + "".join(f", {e}" for e in extra)
        yield f"  {number(words['different'], 'different caption')} of {between(words['characters'])} characters"


def listing(heading: str, entries: Sequence[Mapping[str, str]], shown: int | None) -> Iterator[str]:
    """Files by kind of fault, the commonest kind first."""
    if not entries:
        return
    yield f"{heading}: {len(entries):,}"
    by_kind = {
        what: list(group) for what, group in groupby(sorted(entries, key=lambda e: e["what"]), lambda e: e["what"])
    }
    for what, group in sorted(by_kind.items(), key=lambda item: -len(item[1])):
        yield f"  {what}: {len(group):,}"
        for entry in group[:shown]:
            yield f"    {printable(entry['id'])}: {printable(entry['reason'])}"
        if shown is not None and len(group) > shown:
            yield f"    ... and {len(group) - shown:,} more (--all names every one)"


def training(facts: Mapping[str, Any]) -> Iterator[str]:
    """How long it would take, and how that is known."""
    timing = facts["training"]
    if timing is None:
        return
    if "problem" in timing:
        yield f"training with the recipe {timing['recipe']}: not measured, as {printable(timing['problem'])}"
        return
    rate, train = timing["pictures_per_second"], facts["used"]["train"]
    yield (
        f"training with the recipe {timing['recipe']} on {timing['device']}: {rate:.1f} pictures a second, measured "
        f"over {number(timing['measured_updates'], 'update')} of {timing['batch']}, the machine as busy as it is now"
    )
    if timing["run_seconds"]:
        images, passes = timing["run_images"], timing["run_images"] / train
        yield f"  its {images:,} pictures ({passes:,.1f} passes) would take {spell(timing['run_seconds'])}"
    else:
        took = spell(MANY * timing["pass_seconds"])
        yield f"  the recipe names no end (--images does); {MANY} passes, for instance, would take {took}"
    before = spell(timing["preparing_seconds"])
    yield f"  one pass takes {spell(timing['pass_seconds'])}; preparing the pictures, once, about {before}"


def between(numbers: Mapping[str, int]) -> str:
    """The least to the greatest, with the middle; one number where they are all the same."""
    if numbers["least"] == numbers["most"]:
        return str(numbers["least"])
    return f"{numbers['least']} to {numbers['most']} (median {numbers['median']})"


def number(count: int, what: str) -> str:
    """How many of what, in the plural but for one."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"
