"""What is said of a small corpus: it can be trained on, and this is what to expect."""

from collections.abc import Mapping
from typing import Any

FEW = 1000
"""Pictures below which a run learns them by heart sooner than what they have in common."""


def small_set(facts: Mapping[str, Any], *, given: bool) -> list[str]:
    """A warning where there are few pictures, else nothing. given: whether the run begins from a model's weights."""
    pictures = sum(source["pictures"] for source in facts.get("sources", []))
    if pictures >= FEW:
        return []
    count = "1 picture" if pictures == 1 else f"{pictures} pictures"
    remedy = "keep the run short" if given else "begin from a model by --from, keep the run short"
    return [f"warning: only {count}: a network soon draws copies of so few; {remedy}, and watch the held-out loss"]
