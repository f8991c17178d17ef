"""Nothing forgets which device its tensors are on: the same numbers as on the CPU, from one that is only pretended."""

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def test_another_device_draws_shows_and_measures_the_same(tmp_path):
    """tests/on_elsewhere.py asks everything of one model on both."""
    paths = os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
    words = [sys.executable, str(HERE / "on_elsewhere.py"), str(tmp_path)]
    done = subprocess.run(
        words,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    refused = {name: said for name, said in found.items() if name.startswith("control")}
    assert len(refused) == 4
    assert set(refused.values()) == {"refused"}, refused
    asked = {name: said for name, said in found.items() if name not in refused}
    assert len(asked) > 40
    assert {name: said for name, said in asked.items() if said != "same"} == {}
