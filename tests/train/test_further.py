"""A run that is taken further: one that ended by the clock, and one that a command repeated goes on with."""

import json
import shutil

import pytest
import torch
from tests.train.tiny_runs import DATA

from sfumato.cli.main import main
from sfumato.errors import RecipeError
from sfumato.train.material import Place
from sfumato.train.pace import Pace
from sfumato.train.reading import load_recipe
from sfumato.train.session import begin, resume, run
from sfumato.train.state import listed

BY_CLOCK = ["rate.images=0", "rate.cooldown=0", "rate.seconds=60", "rate.warmup=8", "watch.heldout=0", "watch.sheet=0"]
SHORT = ("--set", "rate.images=16", "--set", "watch.heldout=0", "--set", "watch.sheet=0", "--device", "cpu")
UPDATE = 4.0
"""Seconds of the clock that the tests keep."""


def place(tmp_path):
    return Place(device=torch.device("cpu"), data=DATA, cache=tmp_path / "cache", report=lambda *_: None)


def worked(session):
    """Run a session to its end by a clock that its updates move."""
    trainer = session.trainer
    if trainer.recipe.rate.seconds:
        p, seconds = trainer.progress, trainer.recipe.rate.seconds
        trainer.pace = Pace(seconds, started=0.0, look=0.0, closing=0.0, clock=lambda: UPDATE * p.step)
    for _ in run(session, lambda: False):
        pass
    assert trainer.finished
    return trainer


@pytest.fixture(scope="module")
def by_clock(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clock")
    trainer = worked(begin(load_recipe("tiny", BY_CLOCK), folder / "run", place(folder)))
    assert UPDATE * trainer.progress.step == pytest.approx(60.0, rel=0.1)
    return folder / "run"


@pytest.fixture
def ended(by_clock, tmp_path):
    shutil.copytree(by_clock, tmp_path / "run")
    return tmp_path / "run"


def images_of(run):
    return int(listed(run / "checkpoints")[-1].name)


def test_a_run_that_ended_by_the_clock_ends_so_many_pictures_later(ended, tmp_path):
    images = images_of(ended)
    session = resume(ended, place(tmp_path), cooldown=16)
    rate = session.trainer.recipe.rate
    assert (rate.images, rate.cooldown, rate.seconds) == (images + 16, 16, 0.0)
    assert session.trainer.rate() == session.trainer.recipe.optimiser.lr
    worked(session)
    assert images_of(ended) == images + 16


def test_or_at_so_many_pictures(ended, tmp_path, monkeypatch):
    monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path / "cache"))
    images = images_of(ended)
    assert main(["train", "--resume", str(ended), "--images", str(images + 24), "--device", "cpu"]) == 0
    assert images_of(ended) == images + 24
    rate = json.loads((ended / "run.json").read_text())["recipe"]["rate"]
    assert rate["seconds"] == 0.0
    assert 0 < rate["cooldown"] <= images + 24, "its learning rate goes down to zero all the same"


def test_within_its_cool_down_it_goes_on_from_the_rate_that_it_has(ended, tmp_path):
    newest = listed(ended / "checkpoints")[-1]
    shutil.rmtree(newest)
    before = resume(ended, place(tmp_path))
    before.folder.close()
    now = before.trainer.rate()
    assert 0 < now < before.trainer.recipe.optimiser.lr
    session = resume(ended, place(tmp_path), cooldown=800)
    session.folder.close()
    assert session.trainer.rate() == pytest.approx(now, rel=0.02)


def test_an_end_by_the_clock_and_by_pictures_is_refused(ended, tmp_path):
    with pytest.raises(RecipeError, match=r"leave out rate\.images"):
        resume(ended, place(tmp_path), changes=["rate.seconds=90"], cooldown=16)


def test_more_time_opens_the_end_and_stays_so(ended, tmp_path):
    images = images_of(ended)
    for changes in (["rate.seconds=160"], []):
        session = resume(ended, place(tmp_path), changes=changes)
        session.folder.close()
        trainer = session.trainer
        assert not trainer.finished, "also where the first try was ended before its first checkpoint"
        assert trainer.rate() == trainer.recipe.optimiser.lr
    trainer = worked(resume(ended, place(tmp_path)))
    assert UPDATE * trainer.progress.step == pytest.approx(160.0, rel=0.05)
    assert images_of(ended) == trainer.progress.images > 2 * images
    assert trainer.rate() < 0.1 * trainer.recipe.optimiser.lr
    session = resume(ended, place(tmp_path))
    session.folder.close()
    assert session.trainer.finished
    assert any("--cooldown" in note for note in session.notes), "what is at its end says how it goes further"


def test_less_time_leaves_the_end_where_it_was(ended, tmp_path):
    session = resume(ended, place(tmp_path), changes=["rate.seconds=50"])
    session.folder.close()
    assert session.trainer.finished


@pytest.fixture
def begun(tmp_path, monkeypatch):
    monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path / "cache"))
    command = ["train", str(DATA), "--recipe", "tiny", "--out", str(tmp_path / "run"), *SHORT, "--go-on"]
    assert main(command) == 0
    return command


def test_a_command_repeated_changes_nothing(begun, tmp_path, capsys):
    assert main(begun) == 0
    assert "changed:" not in capsys.readouterr().err
    assert json.loads((tmp_path / "run" / "run.json").read_text())["changes"] == []


def test_going_on_takes_what_the_command_says_now(begun, tmp_path, capsys):
    for _ in range(2):
        assert main([*begun, "--set", "rate.images=32", "--set", "rate.warmup=8"]) == 0
        assert images_of(tmp_path / "run") == 32
    assert main([*begun, "--images", "48"]) == 0
    assert images_of(tmp_path / "run") == 48
    capsys.readouterr()
    assert main([*begun, "--set", "seed=5"]) == 2
    assert "would make this another run" in capsys.readouterr().err
    assert main([*begun[:-9], "--go-on", "--device", "cpu", "--cooldown", "16"]) == 2
    assert "--resume" in capsys.readouterr().err.splitlines()[-1]


def test_going_on_accepts_changed_data_where_it_is_told_to(begun, tmp_path, capsys):
    other = tmp_path / "glyphs"
    shutil.copytree(DATA, other)
    about = json.loads((tmp_path / "run" / "run.json").read_text())
    about["facts"]["sources"][0]["key"] = "another"
    (tmp_path / "run" / "run.json").write_text(json.dumps(about))
    assert main(begun) == 2
    assert "began with other sources" in capsys.readouterr().err
    assert main([*begun, "--accept-data-change"]) == 0
