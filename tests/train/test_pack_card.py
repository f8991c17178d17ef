"""A run and its model say wholly what they were trained on; a run from before they did goes on."""

import hashlib
import json

import pytest
from tests.corpus.making import in_folder

from sfumato.cli.main import main
from sfumato.corpus.detect import read_corpus
from sfumato.corpus.pack_read import read_manifest
from sfumato.corpus.pack_write import Packing, write_corpus_pack
from sfumato.train.data_change import data_change

SHORT = ("--recipe", "tiny", "--set", "rate.images=16", "--set", "watch.heldout=0", "--set", "watch.sheet=0", "--set",
         "watch.checkpoint=16", "--set", "watch.split=val", "--device", "cpu")  # fmt: skip


@pytest.fixture
def pack(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SFUMATO_DATA", raising=False)
    monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path / "cache"))
    for part, names in (("train", [f"thing {k}" for k in range(12)]), ("val", ["other"])):
        in_folder(tmp_path / "mine" / part, names)
    (tmp_path / "mine" / "val" / "0.png").write_bytes((tmp_path / "mine" / "train" / "11.png").read_bytes())
    (tmp_path / "mine" / "train" / "11.png").unlink()
    write_corpus_pack(read_corpus(tmp_path / "mine"), tmp_path / "pack", Packing())
    return tmp_path / "pack"


def test_a_run_and_its_card_name_the_packs_root_and_an_older_run_goes_on(pack, tmp_path, capsys):
    assert main(["train", str(pack), *SHORT, "--out", "run"]) == 0
    path = tmp_path / "run" / "run.json"
    about = json.loads(path.read_text())
    (source,) = about["facts"]["sources"]
    assert source["merkle_root"] == read_manifest(pack).merkle_root
    assert len(source["content"]) == 64
    assert source["key"].startswith(source["content"][:16])
    (card,) = (tmp_path / "run" / "model").glob("sfumato.json")
    assert json.loads(card.read_text())["card"]["data"] == [source]
    older = {name: value for name, value in source.items() if name not in ("content", "merkle_root")}
    about["facts"]["sources"] = [older]
    path.write_text(json.dumps(about))
    code = main(["train", "--resume", "run", "--cooldown", "8", "--device", "cpu"])
    errors = capsys.readouterr().err
    assert code == 0, errors
    assert "other data" not in errors


def test_all_that_both_say_is_compared(tmp_path):
    def facts(**more):
        return {"sources": [{"name": "mine", "key": "k", "pictures": 3, "left_out": 0, **more}]}

    whole = {"content": hashlib.sha256(b"x").hexdigest(), "merkle_root": "r"}
    assert data_change(facts(), facts(**whole), tmp_path) == ""
    assert data_change(facts(**whole), facts(**whole), tmp_path) == ""
    assert "with another content" in data_change(facts(**whole), facts(**whole | {"merkle_root": "s"}), tmp_path)
    assert "with another content" in data_change(facts(key="other"), facts(**whole), tmp_path)
