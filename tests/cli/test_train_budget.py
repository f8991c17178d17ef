"""Durations, and what is asked wrongly beside a budget: one clear line."""

import pytest

from sfumato.cli.duration import seconds_in
from sfumato.cli.main import main
from sfumato.errors import RecipeError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("5min", 300), ("5m", 300), ("1h30min", 5400), ("1.5 h", 5400), ("2d", 172_800), ("1H 5 min", 3900)],
)
def test_durations(text, seconds):
    assert seconds_in(text, least=60, most=10**6) == seconds


@pytest.mark.parametrize("text", ["", "5", "min", "5 minutes or so", "-5min", "5min!", "nan h", "1h:30"])
def test_no_durations(text):
    with pytest.raises(RecipeError, match="is no duration; write a number and its unit"):
        seconds_in(text, least=60, most=10**6)


def test_the_limits_are_said():
    with pytest.raises(RecipeError, match="'5s' is 5 s; a budget lies between 2min and 30d"):
        seconds_in("5s", least=120, most=30 * 86400)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("tests/data", "--budget", "soon"), "is no duration"),
        (("tests/data", "--budget", "1s"), "lies between 2min and 30d"),
        (("--resume", "x", "--budget", "5min"), "--set rate.seconds=N"),
        (("tests/data", "--budget", "5min", "--images", "5"), "it takes no --images"),
        (("tests/data", "--budget", "5min", "--from", "nothing"), "there is no model 'nothing'"),
        (("nowhere", "--budget", "5min", "--out", "{tmp}"), "there is no corpus at nowhere"),
    ],
)
def test_what_is_asked_wrongly(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.delenv("SFUMATO_DATA", raising=False)
    assert main(["train", *(a.format(tmp=tmp_path) for a in arguments), "--device", "cpu"]) == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert message in last
