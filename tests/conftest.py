"""What tests share."""

import sys
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("sfumato", deadline=None, derandomize=True, database=None)
settings.load_profile("sfumato")  # the same examples for everybody, however slow a machine is for a moment

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory):
    """A model folder with random weights (tests/tiny.py)."""
    from tiny import write_tiny

    return write_tiny(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def tiny_model(tiny_folder):
    """The same, loaded."""
    from sfumato.model import load

    return load(tiny_folder)
