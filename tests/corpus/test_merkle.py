"""The tree of RFC 6962: against its definition, and against the known answers of certificate transparency."""

import hashlib

import pytest

from sfumato.corpus.merkle import leaf, root

RECORDS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
"""The test vectors of the reference implementations of RFC 6962."""


def defined(leaves):
    """The tree as section 2.1 defines it."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + defined(leaves[:k]) + defined(leaves[k:])).digest()


@pytest.mark.parametrize("count", ROOTS)
def test_known_answers(count):
    assert root([leaf(bytes.fromhex(text)) for text in RECORDS[:count]]).hex() == ROOTS[count]


@pytest.mark.parametrize("count", range(70))
def test_the_definition(count):
    leaves = [leaf(bytes([k])) for k in range(count)]
    assert root(leaves) == defined(leaves)
    assert len(leaves) == count


def test_order_and_every_leaf_count():
    leaves = [leaf(bytes([k])) for k in range(5)]
    roots = {root(leaves), root(leaves[::-1]), root(leaves[:4]), root([*leaves[:4], leaf(b"other")])}
    assert len(roots) == 4
