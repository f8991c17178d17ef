"""A run as it was: the snapshot near a number of images, with its place in the run."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from sfumato.errors import CheckpointError, RecipeError
from sfumato.train.average import PowerAverage
from sfumato.train.early import as_it_was
from sfumato.train.posthoc import snapshot
from sfumato.train.progress import Progress


@pytest.fixture
def session(tmp_path):
    """A run of 1000 images in 100 steps and 50 seconds, with snapshots at 100, 200, ..., 1000."""
    (tmp_path / "averages").mkdir()
    for images in range(100, 1001, 100):
        data = snapshot({"weight": torch.full((2, 3), float(images))}, images // 10, 0.1)
        (tmp_path / "averages" / f"{images:09d}.safetensors").write_bytes(data)
    net = nn.Linear(3, 2, bias=False)
    progress = Progress(step=100, images=1000, seconds=50.0)
    trainer = SimpleNamespace(progress=progress, average=PowerAverage(net, 0.1))
    return SimpleNamespace(folder=SimpleNamespace(path=tmp_path), trainer=trainer)


@pytest.mark.parametrize(("asked", "found"), [(100, 100), (290, 300), (310, 300), (1000, 1000)])
def test_weights_and_progress_are_those_of_the_nearest_snapshot(session, asked, found):
    as_it_was(session, asked)
    assert session.trainer.average.weights["weight"].unique().tolist() == [found]
    progress = session.trainer.progress
    assert (progress.images, progress.step, progress.seconds) == (found, found // 10, 0.05 * found)


def test_hours_count_from_where_the_run_began(session):
    session.trainer.progress = Progress(step=100, images=1000, seconds=50.0, warm_from=500)
    as_it_was(session, 600)
    assert session.trainer.progress.seconds == pytest.approx(50.0 * (600 - 500) / (1000 - 500))


def test_none_is_near(session):
    with pytest.raises(RecipeError, match=r"no snapshot near 150 images; there are 100, 200, .*, 600, \.\.\., 1000"):
        as_it_was(session, 150)


def test_none_at_all(session):
    for path in (session.folder.path / "averages").iterdir():
        path.unlink()
    with pytest.raises(CheckpointError, match=r"watch\.snapshot above 0"):
        as_it_was(session, 100)
