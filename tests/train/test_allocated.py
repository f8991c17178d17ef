"""An array file has all its room from the start, on every system; a disk too small is an error then."""

import errno
import os

import numpy as np
import pytest
from tests.corpus.test_full_disk import on_a_disk_of

from sfumato.train.allocated import new_array

SHAPE = (2, 5, 300, 300)


def refusing(number):
    def answer(*_):
        raise OSError(number, os.strerror(number))

    return answer


@pytest.mark.parametrize("way", ["asked for", "not supported", "no such call"])
def test_every_byte_is_set_aside_before_the_first_is_written(tmp_path, monkeypatch, way):
    if way == "not supported":
        monkeypatch.setattr(os, "posix_fallocate", refusing(errno.EOPNOTSUPP), raising=False)
    if way == "no such call":
        monkeypatch.delattr(os, "posix_fallocate", raising=False)
    array = new_array(tmp_path / "a.npy", np.float16, SHAPE)
    about = (tmp_path / "a.npy").stat()
    assert getattr(about, "st_blocks", about.st_size) * 512 >= about.st_size > 2 * array.size
    assert not array.any()
    array[1, 4] = 7.0
    del array
    again = np.load(tmp_path / "a.npy")
    assert (again.dtype, again.shape, again.sum(dtype=np.float64)) == (np.float16, SHAPE, 7.0 * 300 * 300)


def test_a_disk_that_is_too_small_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "posix_fallocate", refusing(errno.ENOSPC), raising=False)
    with pytest.raises(OSError, match="No space left"):
        new_array(tmp_path / "a.npy", np.float16, SHAPE)


FULL = """
import sys
from pathlib import Path
import numpy
from sfumato.train.allocated import new_array
try:
    new_array(Path(sys.argv[1]) / "a.npy", numpy.float16, (2, 5, 300, 300))[:] = 1
except OSError as error:
    print(error.strerror)
"""


def test_a_small_disk_is_no_signal(tmp_path):
    done = on_a_disk_of(500, tmp_path, FULL, tmp_path)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "No space left on device\n")
