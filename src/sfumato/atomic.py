"""Files that are either whole or not there: write beside, flush to the disk, then rename.

A crash at any moment leaves the old file or the new one, never a torn one; what may be left is a name that starts
with a dot.
"""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from sfumato.errors import OutputError


def sync_folder(folder: Path) -> None:
    """Flush the names in a folder to the disk, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_durably(path: Path, data: bytes) -> None:
    """Write a new file and wait until the disk has it. Raises FileExistsError, or another OSError."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def write_file(path: Path, data: bytes, *, replace: bool = True) -> None:
    """Make `path` hold `data`, all of it or not at all.

    Raises:
        FileExistsError: the file is there already and `replace` is False.
        OutputError: the folder is missing, read-only or full.
    """
    beside = path.parent / f".{path.name[:100]}.{secrets.token_hex(6)}.part"
    try:
        write_durably(beside, data)
        if replace:
            os.replace(beside, path)
        else:
            _link_new(beside, path)
        sync_folder(path.parent)
    except FileExistsError:
        raise
    except OSError as problem:
        raise OutputError(cannot_write(path, problem)) from problem
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()


def _link_new(beside: Path, path: Path) -> None:
    """Give `beside` the name `path` unless that name is taken; a name is never taken from another file."""
    try:
        os.link(beside, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links: claim the name first, then fill it
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        os.replace(beside, path)


def make_folder(folder: Path) -> None:
    """Make a folder for results, and those above it, where they are not there. Raises OutputError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise OutputError(
            f"cannot make the folder {folder}: {problem.strerror}; choose another with --out"
        ) from problem


def cannot_write(path: Path, problem: OSError) -> str:
    """The message for a file or folder that cannot be written, with its remedy."""
    reason = (problem.strerror or str(problem)).lower()
    return f"cannot write {path}: {reason}; choose another folder or make room there"


@contextlib.contextmanager
def new_folder(folder: Path, *, replace: bool = False) -> Iterator[Path]:
    """A folder to fill, which takes its place as `folder` when the block ends well and vanishes when it does not.

    Raises:
        OutputError: `folder` exists and `replace` is False, or it cannot be written.
    """
    if folder.exists() and not replace:
        raise OutputError(f"{folder} exists already; choose another folder or remove it first")
    beside = folder.parent / f".{folder.name}.{secrets.token_hex(6)}.part"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside.mkdir()
        yield beside
        sync_folder(beside)
        if folder.exists():
            old = beside.with_suffix(".old")
            os.replace(folder, old)
            os.replace(beside, folder)
            shutil.rmtree(old, ignore_errors=True)
        else:
            os.replace(beside, folder)
        sync_folder(folder.parent)
    except OSError as problem:
        raise OutputError(cannot_write(folder, problem)) from problem
    finally:
        shutil.rmtree(beside, ignore_errors=True)
