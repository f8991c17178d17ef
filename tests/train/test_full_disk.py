"""A disk that is full or a folder that cannot be made: an error that says so, and curves that a run does without."""

import errno

import numpy as np
import pytest
import torch
from tests.train.tiny_runs import DATA

from sfumato.errors import OutputError
from sfumato.train.folder import RunFolder
from sfumato.train.material import Place
from sfumato.train.reading import load_recipe
from sfumato.train.session import begin, run
from sfumato.train.tensorboard import Board

SHORT = ["rate.images=16", "watch.metrics=8", "watch.heldout=0", "watch.sheet=0"]


def test_folders_that_cannot_be_made(tmp_path):
    folder = RunFolder(tmp_path)
    for name in ("sheets", "averages"):
        (tmp_path / name).write_text("")
    with pytest.raises(OutputError, match="sheets"):
        folder.write_sheet(8, np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(OutputError, match="averages"):
        folder.keep_average(8, b"")
    folder.close()


def finished(tmp_path):
    """The notes of a short run, which has let go of its folder."""
    where = Place(device=torch.device("cpu"), data=DATA, cache=tmp_path / "cache", report=lambda *_: None)
    session = begin(load_recipe("tiny", SHORT), tmp_path / "run", where)
    yield session
    notes = [event.text for event in run(session, lambda: False) if hasattr(event, "text")]
    assert session.trainer.finished
    RunFolder(tmp_path / "run").close()
    yield notes


def test_a_run_goes_on_without_a_place_for_its_curves(tmp_path):
    steps = finished(tmp_path)
    next(steps)
    (tmp_path / "run" / "tensorboard").write_text("")
    assert any("no curves for TensorBoard" in note for note in next(steps))


def test_a_run_goes_on_where_its_curves_cannot_be_written(tmp_path, monkeypatch):
    from torch.utils.tensorboard import SummaryWriter

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(SummaryWriter, "add_scalar", full)
    steps = finished(tmp_path)
    next(steps)
    told = [note for note in next(steps) if "no more curves for TensorBoard" in note]
    assert len(told) == 1
    assert "no space left" in told[0].lower()


def test_a_disk_that_is_full_at_the_end_is_no_error(tmp_path, monkeypatch):
    board = Board(tmp_path)

    def full():
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(board._writer, "close", full)
    board.close()
