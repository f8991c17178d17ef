"""Whether a run's data are still those that it began with, and what changed where they are not."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sfumato.corpus.difference import difference
from sfumato.errors import CheckpointError

Facts = Mapping[str, Any]


def data_change(before: Facts, now: Facts, cache: Path) -> str:
    """How the sources of two build facts differ, in words; empty where they do not.

    Raises CheckpointError where a frozen part differs (autoencoder, text encoder from a folder, learnt tokenizer,
    teacher): then the latents, the tokens or the aim are others, and no run can go on.
    """
    for what in ("autoencoder", "text", "tokenizer", "teacher"):
        if before.get(what) != now.get(what):
            raise CheckpointError(
                f"the run began with other {what}: {before.get(what)}, now {now.get(what)}; point it at the same one"
            )
    old, new = before.get("sources") or [], now.get("sources") or []
    names = [[source["name"] for source in sources] for sources in (old, new)]
    if names[0] != names[1]:
        return f"{' and '.join(names[0]) or 'nothing'} then, {' and '.join(names[1]) or 'nothing'} now"
    return "; ".join(in_words(a, b, cache) for a, b in zip(old, new, strict=True) if differ(a, b))


def differ(before: Facts, now: Facts) -> bool:
    """Whether one source is another now, by all that both say: an older run says less."""
    return any(before[what] != now[what] for what in before.keys() & now.keys())


def in_words(before: Facts, now: Facts, cache: Path) -> str:
    """One source's change."""
    detail = difference(cache, before["key"], now["key"])
    counts = f"{before['pictures']} pictures then, {now['pictures']} now"
    return f"{now['name']} has {counts}" + (f": {detail}" if detail else ", with another content")


def left_out(facts: Facts) -> list[str]:
    """A note for each source of which rows were left out."""
    return [
        f"{source['left_out']} rows of {source['name']} were left out; `sfumato corpus check` names each, and why"
        for source in facts.get("sources") or []
        if source["left_out"]
    ]


def refuse(change: str) -> None:
    """Raise CheckpointError where there is a change, saying which and what can be done."""
    if change:
        raise CheckpointError(
            f"the run began with other sources: {change}; point it at the same ones, or go on with these by "
            "--accept-data-change"
        )
