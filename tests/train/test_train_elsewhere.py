"""Every objective trains the same on another device, one that is only pretended: begun, gone on with, exported."""

import pytest
from tests.train.tiny_runs import script


@pytest.mark.slow
def test_every_objective_trains_the_same_elsewhere(tmp_path):
    """tests/train/train_elsewhere.py trains each on both and compares what they log."""
    found = script("train_elsewhere.py", tmp_path)
    assert len(found) == 11
    assert {name: said for name, said in found.items() if said != "same"} == {}
