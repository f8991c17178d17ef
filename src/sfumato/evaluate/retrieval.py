"""Is the right thing drawn? Each picture looks for its concept among train pictures of other styles.

Gallery: 200 concepts, one real train picture each, never in the query's own style, so that only the concept can match.
A hit at k: the query's concept is among the k gallery pictures of the highest cosine similarity (features minus the
gallery's mean). Chance is k / 200. What the real pictures of the queries reach is the ceiling: few exceed it.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64

from sfumato.corpus.rows import Row
from sfumato.evaluate.pairs import family_of, hash_order

CONCEPTS = 200


@dataclass(frozen=True, eq=False)
class Search:
    """The queries by their place among the held-out rows, each with its concept's place in every gallery."""

    queries: Int64[np.ndarray, " q"]
    targets: Int64[np.ndarray, " q"]
    styles: tuple[str, ...]
    galleries: dict[str, Int64[np.ndarray, " g"]]
    """Style of the query -> places among the train rows, one for each concept."""

    @property
    def size(self) -> int:
        """Concepts in a gallery."""
        return len(next(iter(self.galleries.values()), ()))


def search_of(rows: Sequence[Row], train: Sequence[Row], concepts: int = CONCEPTS) -> Search | None:
    """The first concepts in the order of `rows`, no family or caption twice, each with two styles in train or more.

    Queries are all rows with one of these concepts. None where there are fewer than two concepts.
    """
    known: dict[str, list[int]] = defaultdict(list)
    for k in hash_order(train):
        if train[k].concept:
            known[train[k].concept].append(int(k))
    chosen: dict[str, int] = {}
    seen: set[str] = set()
    for row in rows:
        names = {family_of(row), row.caption}
        several = len({train[k].style for k in known.get(row.concept, ())}) > 1
        if several and not seen & names and row.concept not in chosen and len(chosen) < concepts:
            seen |= names
            chosen[row.concept] = len(chosen)
    if len(chosen) < 2:
        return None
    queries = [k for k, row in enumerate(rows) if row.concept in chosen]
    galleries = {
        style: np.array([next(k for k in known[c] if train[k].style != style) for c in chosen], np.int64)
        for style in sorted({rows[k].style for k in queries})
    }
    targets = np.array([chosen[rows[k].concept] for k in queries], np.int64)
    return Search(np.array(queries, np.int64), targets, tuple(rows[k].style for k in queries), galleries)


def ranks(
    search: Search, features: Float[np.ndarray, "n d"], train: Float[np.ndarray, "m d"]
) -> Int64[np.ndarray, " q"]:
    """For each query, how many gallery pictures are nearer than the one of its own concept (0: found first).

    features: of all held-out rows' pictures, made or real. A tie counts against the query.
    """
    found = np.empty(len(search.queries), np.int64)
    for style, places in search.galleries.items():
        gallery = train[places].astype(np.float64)
        mean = gallery.mean(axis=0)
        unit = gallery - mean
        unit /= np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), 1e-12)
        mine = np.array([k for k, name in enumerate(search.styles) if name == style])
        scores = (features[search.queries[mine]].astype(np.float64) - mean) @ unit.T
        own = scores[np.arange(len(mine)), search.targets[mine]][:, None]
        found[mine] = (scores >= own).sum(axis=1) - 1
    return found
