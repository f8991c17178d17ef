"""Files and folders are whole or not there, and full or read-only disks are one clear error."""

import errno
import os

import pytest

from sfumato.atomic import new_folder, write_file
from sfumato.errors import OutputError


def fail(code):
    def failing(*_args, **_kwargs):
        raise OSError(code, os.strerror(code))

    return failing


def test_write_and_replace(tmp_path):
    path = tmp_path / "a"
    write_file(path, b"one")
    write_file(path, b"two")
    assert path.read_bytes() == b"two"
    assert os.listdir(tmp_path) == ["a"]


def test_a_taken_name_is_never_taken_away(tmp_path):
    path = tmp_path / "a"
    write_file(path, b"one", replace=False)
    with pytest.raises(FileExistsError):
        write_file(path, b"two", replace=False)
    assert path.read_bytes() == b"one"
    assert os.listdir(tmp_path) == ["a"]


def test_without_hard_links(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", fail(errno.EPERM))
    write_file(tmp_path / "a", b"one", replace=False)
    with pytest.raises(FileExistsError):
        write_file(tmp_path / "a", b"two", replace=False)
    assert (tmp_path / "a").read_bytes() == b"one"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("call", ["fsync", "replace", "open"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_a_failing_disk_leaves_the_old_file(tmp_path, monkeypatch, call, code):
    path = tmp_path / "a"
    write_file(path, b"old")
    monkeypatch.setattr(os, call, fail(code))
    with pytest.raises(OutputError, match=os.strerror(code).lower()):
        write_file(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_a_folder_appears_whole(tmp_path):
    with new_folder(tmp_path / "m") as building:
        (building / "x").write_bytes(b"1")
        assert not (tmp_path / "m").exists()
    assert (tmp_path / "m" / "x").read_bytes() == b"1"
    assert os.listdir(tmp_path) == ["m"]


def test_a_folder_that_fails_vanishes(tmp_path):
    def half_way():
        with new_folder(tmp_path / "m") as building:
            (building / "x").write_bytes(b"1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half_way()
    assert os.listdir(tmp_path) == []


def test_a_folder_is_replaced_only_when_asked(tmp_path):
    with new_folder(tmp_path / "m") as building:
        (building / "x").write_bytes(b"1")
    with pytest.raises(OutputError, match="exists already"), new_folder(tmp_path / "m"):
        pass
    with new_folder(tmp_path / "m", replace=True) as building:
        (building / "y").write_bytes(b"2")
    assert os.listdir(tmp_path / "m") == ["y"]
    assert os.listdir(tmp_path) == ["m"]
