"""The smallest sets are trained on: what is held out may be little or nothing, which is a note and no error. Sheets."""

import json

import numpy as np
import pytest
from PIL import Image
from tests.corpus.making import in_folder
from tests.train.tiny_runs import DATA

import sfumato
from sfumato.cli.main import main
from sfumato.corpus.split import half
from sfumato.train.reading import load_recipe

CHANGES = ("rate.images=8", "watch.metrics=8", "watch.heldout=8", "watch.sheet=8", "watch.split=tune")
SHORT = (
    "--recipe",
    "tiny",
    *(word for change in CHANGES for word in ("--set", change)),
    "--device",
    "cpu",
    "--out",
    "run",
)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path / "cache"))


def trained(tmp_path, folder, capsys):
    """What is told of a short run, its log's events, and the split that it looks at."""
    assert main(["train", str(folder), *SHORT]) == 0
    errors = capsys.readouterr().err
    events = [json.loads(line)["event"] for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert (tmp_path / "run" / "sheets" / "000000008.png").is_file()
    return errors, events, json.loads((tmp_path / "run" / "run.json").read_text())["recipe"]["watch"]["split"]


def test_one_picture(tmp_path, capsys):
    errors, events, split = trained(tmp_path, in_folder(tmp_path / "mine", ("a dot",)), capsys)
    assert "only 1 picture" in errors
    assert "mine holds nothing out: there is no held-out loss" in errors
    assert "heldout" not in events
    assert split == "train"
    assert main(["train", "--resume", "run", "--cooldown", "8", "--device", "cpu"]) == 0


def own_val(tmp_path, wanted):
    """Four pictures to train on, and one in a folder val that falls into the half `wanted`."""
    folder = in_folder(tmp_path / "mine", tuple(f"thing {k}" for k in range(5)))
    name = next(f"{k}.png" for k in range(99) if half(f"val/{k}.png") == wanted)
    for part in ("train", "val"):
        (folder / part).mkdir()
    for k in range(5):
        for suffix in ("png", "txt"):
            to = folder / "val" / name.replace("png", suffix) if k == 4 else folder / "train" / f"{k}.{suffix}"
            (folder / f"{k}.{suffix}").rename(to)
    return folder


def test_an_own_val_that_is_all_of_the_other_half(tmp_path, capsys):
    errors, events, split = trained(tmp_path, own_val(tmp_path, "report"), capsys)
    assert "the half tune of val is empty: the held-out loss is over all of val" in errors
    assert "heldout" in events
    assert split == "val"


def test_a_half_with_a_picture_is_looked_at_alone(tmp_path, capsys):
    errors, events, split = trained(tmp_path, own_val(tmp_path, "tune"), capsys)
    assert "is empty" not in errors
    assert "heldout" in events
    assert split == "tune"


def test_a_run_shows_what_its_model_draws(tmp_path):
    changes = ("precision=float32", "watch.heldout=0", "watch.sampler.kind=ddpm", 'watch.threshold={kind="static"}')
    words = [word for change in changes for word in ("--set", change)]
    assert main(["train", str(DATA), *SHORT, *words]) == 0
    model, prompts = sfumato.load(tmp_path / "run" / "model"), load_recipe("tiny").watch.prompts
    sheet = np.asarray(Image.open(tmp_path / "run" / "sheets" / "000000008.png")).astype(int)
    for k, prompt in enumerate(prompts):
        shown = sheet[:32, 34 * k : 34 * k + 32]
        (drawn,) = model.generate(prompt, seed=k)
        assert abs(np.asarray(drawn.image).astype(int) - shown).max() <= 1, "16 bits of a weight are worth no more"
        for other in ({"sampler": "ddim"}, {"threshold": "none"}):
            (changed,) = model.generate(prompt, seed=k, **other)
            assert abs(np.asarray(changed.image).astype(int) - shown).max() > 8, other


@pytest.mark.parametrize(
    ("change", "said"),
    [("watch.sampler.kind=ddp", "watch.sampler 'ddp'"), ("watch.threshold={kind='statik'}", "threshold 'statik'")],
)
def test_a_way_of_drawing_that_there_is_not_is_refused_before_pictures_are_decoded(tmp_path, change, said, capsys):
    assert main(["train", str(DATA), *SHORT, "--set", change]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "cache").exists()
