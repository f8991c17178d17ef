"""One hash over many records, from which a single record can be proved: the tree of RFC 6962, section 2.1.

leaf(d) = SHA-256(0x00 d), node(l, r) = SHA-256(0x01 l r). A tree of n > 1 leaves has its first k in the left branch,
with k the largest power of two below n; the tree of none is SHA-256 of nothing. The two prefixes keep a node from
passing for a leaf.
"""

import hashlib
from collections.abc import Sequence


def leaf(record: bytes) -> bytes:
    """The hash of one record."""
    return hashlib.sha256(b"\x00" + record).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The hash of all leaves in their order. Pairs are joined level by level, an odd last one moves up: that tree."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    level = list(leaves)
    while len(level) > 1:
        joined = [_node(level[k], level[k + 1]) for k in range(0, len(level) - 1, 2)]
        level = joined + level[len(level) - len(level) % 2 :]
    return level[0]


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
