"""Training on pictures of one's own: any recipe takes them, and a run notices when they are no longer the same."""

import json
import shutil

import pytest
from tests.corpus.making import FORMATS, in_folder, picture
from tests.train.tiny_runs import DATA

from sfumato.cli.main import main
from sfumato.corpus.difference import difference
from sfumato.train.own_data import with_own_data
from sfumato.train.reading import load_recipe
from sfumato.train.state import listed

NAMES = tuple(f"thing {k}" for k in range(24))
SHORT = ("--recipe", "tiny", "--set", "rate.images=16", "--set", "watch.heldout=0", "--set", "watch.sheet=0", "--set",
         "watch.split=tune", "--set", "watch.checkpoint=16", "--device", "cpu")  # fmt: skip


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SFUMATO_DATA", raising=False)
    monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def run(tmp_path, capsys):
    folder = in_folder(tmp_path / "mine", NAMES)
    assert main(["train", str(folder), *SHORT, "--out", "run"]) == 0
    assert "trains on mine in place of glyphs" in capsys.readouterr().err
    return tmp_path / "run"


def resumed(capsys, *more):
    code = main(["train", "--resume", "run", "--cooldown", "8", "--device", "cpu", *more])
    return code, capsys.readouterr().err


def test_the_run_says_what_it_was_trained_on(run):
    about = json.loads((run / "run.json").read_text())
    assert [source["name"] for source in about["recipe"]["data"]["sources"]] == ["mine"]
    assert about["facts"]["sources"][0]["name"] == "mine"
    assert 20 <= about["facts"]["sources"][0]["pictures"] <= 22, "one of each half at least is held out"


def test_the_same_pictures_go_on(run, capsys):
    code, errors = resumed(capsys)
    assert code == 0, errors
    assert "other data" not in errors


def test_changed_pictures_are_refused_and_named_and_nothing_is_lost(run, tmp_path, capsys):
    mine = tmp_path / "mine"
    (mine / "new.png").write_bytes(picture(1234))
    (mine / "new.txt").write_text("new")
    before = {name: (mine / name).read_bytes() for name in ("0.txt",)}
    trained = json.loads((tmp_path / "cache" / f"{key_of(run)}.json").read_text())["rows"]
    gone, changed = [name for name in trained][:2]
    (mine / gone).unlink()
    (mine / gone.replace("png", "txt")).unlink()
    (mine / changed.replace("png", "txt")).write_text("other words")
    files = {p: p.read_bytes() for p in run.rglob("*") if p.is_file() and p.name != "lock"}
    code, errors = resumed(capsys)
    assert code == 2
    line = errors.strip().splitlines()[-1]
    assert "began with other sources" in line
    assert f"1 gone ({gone})" in line
    assert f"1 changed ({changed})" in line
    assert "new.png" in line
    assert "--accept-data-change" in line
    assert {p: p.read_bytes() for p in files} == files
    assert before
    code, errors = resumed(capsys, "--accept-data-change")
    assert code == 0, errors
    assert "other data from here on" in errors
    about = json.loads((run / "run.json").read_text())
    assert "1 gone" in about["changes"][-1]["data"]
    assert listed(run / "checkpoints")[-1].name == "000000024"
    assert resumed(capsys)[0] == 0, "the new data are the run's own now"


def test_where_the_cache_is_gone_the_numbers_are_told(run, tmp_path, capsys):
    shutil.rmtree(tmp_path / "cache")
    for name in ("3.png", "3.txt"):
        (tmp_path / "mine" / name).unlink()
    code, errors = resumed(capsys)
    assert code == 2
    assert "pictures then" in errors.splitlines()[-1]


def key_of(run):
    return json.loads((run / "run.json").read_text())["facts"]["sources"][0]["key"]


def test_a_corpus_that_the_recipe_names_is_not_replaced(tmp_path):
    recipe = load_recipe("tiny")
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "glyphs.parquet").write_bytes(b"")
    for data in (None, tmp_path / "all", tmp_path / "all" / "glyphs.parquet"):
        assert with_own_data(recipe, data) == (recipe, [])


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_takes_the_place_of_the_recipes_sources(name, tmp_path):
    path = FORMATS[name](tmp_path / "mine")
    recipe, notes = with_own_data(load_recipe("bozzetto"), path)
    assert [(source.name, source.styles) for source in recipe.data.sources] == [(path.stem, ())]
    assert "in place of glyphs, glyphs-tones, clipart-extra" in notes[0]


def test_rows_left_out_are_spoken_of(tmp_path, capsys):
    folder = in_folder(tmp_path / "mine", NAMES)
    (folder / "bad.png").write_bytes(b"none")
    (folder / "bad.txt").write_text("words")
    (folder / "lost.txt").write_text("words")
    assert main(["train", str(folder), *SHORT, "--out", "run"]) == 0
    assert "2 rows of mine were left out; `sfumato corpus check` names each" in capsys.readouterr().err


@pytest.mark.parametrize("elsewhere", [None, str(DATA)], ids=["nowhere else", "glyphs in SFUMATO_DATA"])
def test_data_that_are_no_pictures_are_one_clear_error_wherever_else_there_are_some(
    elsewhere, tmp_path, capsys, monkeypatch
):
    if elsewhere:
        monkeypatch.setenv("SFUMATO_DATA", elsewhere)
    (tmp_path / "empty").mkdir()
    (tmp_path / "mine.zip").write_bytes(b"PK")
    for data, message in (
        ("empty", "empty holds no picture"),
        ("my-pitures", "there is no corpus at my-pitures"),
        ("mine.zip", "an archive must be unpacked first"),
    ):
        assert main(["train", data, *SHORT, "--out", "run"]) == 2
        assert message in capsys.readouterr().err.splitlines()[-1]
        assert not (tmp_path / "run" / "run.json").exists()


def test_a_difference_in_order_alone(tmp_path):
    for key, names in (("a", "xy"), ("b", "yx")):
        (tmp_path / f"{key}.json").write_text(json.dumps({"rows": dict.fromkeys(names, "1" * 32)}))
    assert difference(tmp_path, "a", "b") == "their order"
    (tmp_path / "a.json").write_text("[]")
    assert difference(tmp_path, "a", "b") == ""
