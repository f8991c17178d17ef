"""A corpus with a held-out part and its rows."""

import pytest

from held_out import Thumbnail, with_held_out
from sfumato.corpus.detect import read_corpus


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    return with_held_out(tmp_path_factory.mktemp("corpus") / "glyphs.parquet")


@pytest.fixture(scope="session")
def rows(corpus):
    return read_corpus(corpus).rows


@pytest.fixture(scope="session")
def thumbnail():
    return Thumbnail()
