"""scripts/ship_model.py and release.py: what ships can be drawn with, and what is said of it is of it."""

import hashlib
import json
import shutil
import sys
from pathlib import Path

import pytest

import sfumato
from by_path import loaded
from sfumato import checkpoint
from sfumato.errors import CheckpointError, RecipeError
from tiny import write_tiny

SCRIPTS = Path(__file__).parents[2] / "scripts"
GLYPHS = Path(__file__).parents[1] / "data" / "glyphs.parquet"


@pytest.fixture
def models(tmp_path, monkeypatch):
    """An installation of its own, in which nothing ships yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(checkpoint, "MODELS", tmp_path / "shipped")
    monkeypatch.setattr(checkpoint, "BLOBS", tmp_path / "shipped" / "blobs")
    (tmp_path / "shipped").mkdir()
    return tmp_path / "shipped"


def ship(monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["ship_model.py", *map(str, words)])
    loaded("scripts/ship_model.py").main()


def test_settings_ship_as_a_recipe_has_them(models, tmp_path, monkeypatch):
    write_tiny(tmp_path / "run" / "model")
    sets = [word for change in ("guidance=4", "sampler=heun", "threshold=static") for word in ("--set", change)]
    ship(monkeypatch, tmp_path / "run", "--name", "mine", *sets)
    recipe = sfumato.load("mine").recipe("a cat")
    assert recipe.threshold == {"kind": "static", "limit": 1.0}
    assert (recipe.guidance["kind"], recipe.guidance["scale"]) == ("classifier-free", 4.0)
    assert recipe.sampler["kind"] == "heun"


@pytest.mark.parametrize(("change", "meant"), [("sampler.kind=huen", "heun"), ("threshold=statik", "static")])
def test_settings_that_no_recipe_can_have_do_not_ship(models, tmp_path, monkeypatch, change, meant):
    folder = write_tiny(tmp_path / "model")
    with pytest.raises(RecipeError, match=f"did you mean '{meant}'"):
        ship(monkeypatch, folder, "--name", "mine", "--set", change)
    assert checkpoint.shipped() == []


def test_what_a_person_wrote_into_the_card_stays(models, tmp_path, monkeypatch):
    folder = write_tiny(tmp_path / "model")
    ship(monkeypatch, folder, "--name", "mine", "--card", "known_failures=hands", "--card", "hours=7")
    ship(monkeypatch, folder, "--name", "mine", "--card", "intended_use=fun")
    card = checkpoint.read_manifest(checkpoint.find("mine")).card
    assert (card["known_failures"], card["intended_use"]) == ("hands", "fun")
    assert "hours" not in card, "which is said of the weights, not of their kind"


@pytest.fixture
def release(models, tmp_path, monkeypatch):
    """The script, and the commands that it would run; an evaluation leaves its file."""
    script, ran = loaded("scripts/release.py"), []

    def done(*command):
        words = [str(word) for word in command]
        ran.append(words)
        if "evaluate" in words:
            out = Path(words[words.index("--out") + 1])
            out.mkdir(parents=True)
            (out / "evaluation.json").write_text("{}")

    monkeypatch.setattr(script, "done", done)
    (tmp_path / "data").mkdir()
    shutil.copyfile(GLYPHS, tmp_path / "data" / "glyphs.parquet")
    return script, ran


def trained_on(folder, *names):
    """The model in `folder` with these corpora in its card, each with the content of the test pictures."""
    told = json.loads((folder / "sfumato.json").read_text("utf-8"))
    key = hashlib.sha256(GLYPHS.read_bytes()).hexdigest()[:16]
    told["card"]["data"] = [{"name": name, "key": f"{key}-train-128"} for name in names]
    (folder / "sfumato.json").write_text(json.dumps(told), "utf-8")
    return folder


def test_copies_are_looked_for_in_all_that_it_was_trained_on(release, models, tmp_path):
    script, ran = release
    trained_on(write_tiny(models / "tiny"), "glyphs", "glyphs-tones")
    words = ["--name", "tiny", "--corpus", str(tmp_path / "data")]
    with pytest.raises(SystemExit, match=r"trained on glyphs-tones\.parquet too; put them beside"):
        script.main(words)
    assert ran == [], "nothing is begun that cannot be ended"
    shutil.copyfile(GLYPHS, tmp_path / "data" / "glyphs-tones.parquet")
    script.main([*words, "--microbatch", "16"])
    evaluate, published, gallery = ran
    assert evaluate[evaluate.index("--microbatch") + 1] == "16"
    assert evaluate[evaluate.index("--further") + 1] == str(tmp_path / "data" / "glyphs-tones.parquet")
    assert evaluate[evaluate.index("--seeds") + 1] == "4"
    assert "--sweep-guidance" in evaluate
    assert published[-1] == "docs/evaluation/tiny.json"
    assert Path("docs/evaluation/tiny.json").is_file()
    assert gallery[-1] == "docs/gallery/tiny"
    assert gallery[1] == evaluate[evaluate.index("--out") + 1]


def test_a_corpus_of_the_same_name_with_other_pictures_is_refused_before_anything_is_drawn(release, models, tmp_path):
    script, ran = release
    folder = trained_on(write_tiny(models / "tiny"), "glyphs", "clipart")
    told = json.loads((folder / "sfumato.json").read_text("utf-8"))
    told["card"]["data"][1]["key"] = f"{'0' * 16}-train-128"
    (folder / "sfumato.json").write_text(json.dumps(told), "utf-8")
    shutil.copyfile(GLYPHS, tmp_path / "data" / "clipart.parquet")
    with pytest.raises(SystemExit, match="trained on another clipart than lies at"):
        script.main(["--name", "tiny", "--corpus", str(tmp_path / "data")])
    assert ran == []


def test_a_run_ships_under_its_own_name_with_what_is_set(release, tmp_path):
    script, ran = release
    folder = trained_on(write_tiny(tmp_path / "run" / "model"), "glyphs")
    words = ["--run", str(tmp_path / "run"), "--corpus", str(tmp_path / "data"), "--set", "steps=4"]
    with pytest.raises(CheckpointError, match="there is no model 'tiny'"):
        script.main(words)  # the command that would ship it is only noted
    assert ran[0][1:] == [str(tmp_path / "run"), "--name", "tiny", "--set", "steps=4"]
    assert folder.is_dir()


def test_other_settings_of_the_same_weights_have_a_folder_of_their_own(release, tmp_path):
    script, _ = release
    folder = write_tiny(tmp_path / "model")
    before = script.folder_of("tiny", checkpoint.read_manifest(folder))
    told = json.loads((folder / "sfumato.json").read_text("utf-8"))
    told["defaults"]["steps"] = 7
    (folder / "sfumato.json").write_text(json.dumps(told), "utf-8")
    assert script.folder_of("tiny", checkpoint.read_manifest(folder)) != before


@pytest.mark.parametrize("words", [["--name", "tiny", "--set", "steps=4"], ["--name", "tiny", "--shet"], []])
def test_what_would_be_dropped_is_refused(release, models, words, capsys):
    script, ran = release
    write_tiny(models / "tiny")
    with pytest.raises(SystemExit):
        script.main(words)
    assert "--run says what is shipped" in capsys.readouterr().err
    assert ran == []
