"""What the modules of trainer tests have each for itself."""

import pytest
from tests.train.tiny_teacher import made_teacher


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def teacher(tmp_path_factory, cache):
    return made_teacher(tmp_path_factory.mktemp("teacher") / "run", cache)
