"""A disk that fills while the cache is written: one error that says so, no signal, nothing left behind."""

import os
import shutil
import subprocess
import sys

import pytest
from tests.corpus.making import in_folder

from sfumato.corpus.source import open_source
from sfumato.errors import OutputError

FULL = """
import sys
from pathlib import Path
from sfumato.corpus.source import open_source
from sfumato.errors import OutputError
cache = Path(sys.argv[2])
try:
    open_source(Path(sys.argv[1]), split="train", size=64, cache=cache)
except OutputError as error:
    print("told:", error, sorted(path.name for path in cache.iterdir()))
"""


def on_a_disk_of(kilobytes, place, script, *arguments):
    """A Python script with a file system so small at `place`; skips where none can be made."""
    mount = f'mount -t tmpfs -o size={kilobytes}k none "$0" && exec "$@"'
    inside = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    if not shutil.which("unshare") or subprocess.run([*inside, mount, place, "true"], check=False).returncode:
        pytest.skip("this system lets nobody make a file system")
    command = [*inside, mount, str(place), sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("kilobytes", [100, 400], ids=["too small for the pictures", "too small for both files"])
def test_a_full_disk(tmp_path, kilobytes):
    folder = in_folder(tmp_path / "c", [f"thing {k}" for k in range(24)])
    (tmp_path / "small").mkdir()
    done = on_a_disk_of(kilobytes, tmp_path / "small", FULL, folder, tmp_path / "small")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("told: the picture cache")
    assert "No space left on device; free space or give --cache []" in done.stdout


def test_nothing_is_left_where_the_last_step_fails(tmp_path, monkeypatch):
    folder = in_folder(tmp_path / "c")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OutputError, match="No space left"):
        open_source(folder, split="train", size=8, cache=tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())
