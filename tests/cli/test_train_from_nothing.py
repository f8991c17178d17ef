"""`train --from-nothing`: which runs follow each other with what, what is not repeated, what ships is not read."""

import argparse
from pathlib import Path

import pytest

from sfumato.cli import train
from sfumato.cli.train_from_nothing import chain, from_nothing, refuse_beside
from sfumato.errors import RecipeError


def parsed(*words):
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    return parser.parse_args([str(word) for word in words])


class Runs:
    """Notes the runs that it is asked for; each leaves its model, but for the one that is to be stopped."""

    def __init__(self, stopped="", code=0):
        self.words, self.stopped, self.code = {}, stopped, code

    def __call__(self, words):
        args = parsed(*words)
        assert args.go_on
        self.words[args.out.name] = args
        if args.out.name == self.stopped:
            return self.code
        (args.out / "model").mkdir(parents=True)
        return 0


def test_each_run_takes_what_the_one_before_it_made(tmp_path):
    runs = Runs()
    args = parsed("my-pictures", "--from-nothing", "--out", tmp_path, "--threads", 2, "--set", "seed=3")
    assert chain(args, 1800.0, True, runs) == 0
    towers, autoencoder, denoiser = (runs.words[name] for name in ("towers", "autoencoder", "denoiser"))
    assert [run.recipe for run in (towers, autoencoder, denoiser)] == ["towers", "autoencoder", None]
    assert [run.budget for run in (towers, autoencoder, denoiser)] == ["360s", "540s", "900s"]
    assert f'folder="{tmp_path}/towers/model"' in denoiser.changes[0]
    assert f"space.autoencoder={tmp_path}/autoencoder/model" in denoiser.changes
    assert denoiser.changes[-1] == "seed=3", "the user's own changes come last, and are the denoiser's"
    assert towers.changes == autoencoder.changes == []
    assert all((run.data, run.threads) == (Path("my-pictures"), 2) for run in runs.words.values())


def test_small_pictures_need_no_autoencoder(tmp_path):
    runs = Runs()
    assert chain(parsed("my-pictures", "--from-nothing", "--out", tmp_path), 1800.0, False, runs) == 0
    assert list(runs.words) == ["towers", "denoiser"]
    assert runs.words["denoiser"].budget == "1440s"
    assert not any(change.startswith("space.autoencoder") for change in runs.words["denoiser"].changes)


def test_what_is_finished_is_not_done_again(tmp_path, capsys):
    args = parsed("my-pictures", "--from-nothing", "--out", tmp_path)
    stopped = Runs(stopped="autoencoder")
    assert chain(args, 1800.0, True, stopped) == 0
    assert list(stopped.words) == ["towers", "autoencoder"]
    assert "the same command again goes on from here" in capsys.readouterr().err
    runs = Runs()
    assert chain(args, 1800.0, True, runs) == 0
    assert list(runs.words) == ["autoencoder", "denoiser"]


def test_a_run_that_fails_ends_it(tmp_path):
    assert chain(parsed("my-pictures", "--out", tmp_path), 1800.0, True, Runs(stopped="towers", code=2)) == 2


@pytest.mark.parametrize(
    ("words", "named"),
    [(["--recipe", "tavola"], "--recipe"), (["--from", "tavola", "--images", "10"], "--from, --images")],
)
def test_what_says_otherwise_is_refused(words, named):
    with pytest.raises(RecipeError, match=f"it takes no {named}$"):
        refuse_beside(parsed("my-pictures", "--from-nothing", *words))


def test_too_short_a_time_is_refused():
    with pytest.raises(RecipeError, match="a budget lies between 10min and 30d"):
        from_nothing(parsed("my-pictures", "--from-nothing", "--budget", "5min"), Runs())


@pytest.fixture
def nothing_shipped(monkeypatch):
    """No weights that ship can be read."""
    from sfumato import checkpoint
    from sfumato.train import frozen_parts

    def refuse(*_):
        raise AssertionError("a part that ships was read")

    monkeypatch.setattr(frozen_parts, "blob", refuse)
    monkeypatch.setattr(checkpoint, "MODELS", Path("nowhere"))


@pytest.mark.usefixtures("nothing_shipped")
def test_the_whole_command_reads_no_shipped_weights(tmp_path, monkeypatch, capsys):
    """Up to the runs themselves, which are taken for done: how large the pictures are is asked of the pictures."""
    from sfumato.cli.main import main
    from sfumato.train import taste

    monkeypatch.chdir(tmp_path)
    runs = Runs()
    monkeypatch.setattr(train, "one", runs)
    data = Path(__file__).parents[1] / "data"
    monkeypatch.setattr(taste, "SAMPLE", 8)
    assert main(["train", str(data), "--from-nothing", "--device", "cpu"]) == 0
    assert "takes 30min: --budget TIME takes another" in capsys.readouterr().err
    assert next(iter(runs.words)) == "towers"
    assert runs.words["denoiser"].out == Path("runs/from-nothing/denoiser")
