"""`sfumato distill` by the clock: stopped and gone on with, ended by a budget, and what contradicts itself."""

import json

import pytest
from tests.train.tiny_runs import DATA, images_of
from tests.train.tiny_teacher import SMALL

from sfumato.cli import distill
from sfumato.cli.main import main

QUICK = [part for change in (*SMALL[1:], "watch.heldout=0", "watch.sheet=0") for part in ("--set", change)]


@pytest.fixture
def command(teacher, cache, tmp_path, monkeypatch):
    """`sfumato distill TEACHER` into one folder, with further words."""
    monkeypatch.setenv("SFUMATO_CACHE", str(cache))
    return lambda *words: main(
        ["distill", str(teacher), "--data", str(DATA), "--out", str(tmp_path / "run"), *QUICK, *words]
    )


def test_a_run_that_is_stopped_goes_on(command, tmp_path, capsys):
    run = tmp_path / "run"
    assert command("--images", "24", "--max-seconds", "0.001") == 0
    assert images_of(run) == 8, "a slice makes one update, however short"
    assert not (run / "model").exists()
    assert f"go on with: sfumato train --resume {run}" in capsys.readouterr().err
    assert command("--images", "24") == 2
    assert command("--images", "24", "--go-on") == 0
    assert images_of(run) == 24
    assert capsys.readouterr().out.strip() == str(run / "model")


def test_going_on_takes_what_the_command_says_now(command, tmp_path):
    assert command("--images", "16", "--max-seconds", "0.001") == 0
    assert command("--images", "32", "--set", "rate.cooldown=8", "--go-on") == 0
    assert images_of(tmp_path / "run") == 32


def test_a_budget_ends_the_run(command, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(distill, "seconds_in", lambda text, **_: asked.append(text) or 4.0)
    assert command("--budget", "30min") == 0
    card = json.loads((tmp_path / "run" / "model" / "sfumato.json").read_text())["card"]
    assert (asked, card["recipe"]["rate"]["seconds"]) == (["30min"], 4.0)
    assert card["images"] == card["recipe"]["rate"]["images"] == images_of(tmp_path / "run") > 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--budget", "30min", "--images", "8"), "it takes no --images and --max-seconds"),
        (("--budget", "30min", "--max-seconds", "8"), "it takes no --images and --max-seconds"),
        (("--budget", "5s"), "a budget lies between 1min"),
        (("--max-seconds", "-1"), "they cannot be negative"),
        (("--max-seconds", "nan"), "they cannot be negative"),
    ],
)
def test_what_contradicts_itself_is_refused(words, message, command, tmp_path, capsys):
    assert command(*words) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
