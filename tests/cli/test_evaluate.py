"""`sfumato evaluate`: a tiny model on the test pictures, from the command line."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
import torch

from held_out import Thumbnail, with_held_out
from sfumato import checkpoint
from sfumato.manifest import NAME


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return with_held_out(tmp_path_factory.mktemp("corpus") / "glyphs.parquet")


@pytest.fixture(autouse=True)
def ruler(monkeypatch):
    """Thumbnails in the network's place."""
    monkeypatch.setattr("sfumato.evaluate.features.load_features", lambda device: Thumbnail())


@pytest.fixture(autouse=True)
def scales(monkeypatch):
    """What a picture was weighed by: (picture, model, device, weak); a number, in no time."""
    asked = []
    monkeypatch.setattr("sfumato.evaluate.memory.memory_of", lambda *of, **given: asked.append((*of, given)) or 99.0)
    return asked


@pytest.fixture
def evaluate(sfumato, tiny_folder, corpus):
    def run(*words):
        return sfumato("evaluate", tiny_folder, "--data", corpus, "--cache", "cache", "--out", "out", *words)

    return run


def test_table_json_and_pictures(evaluate, tiny_folder, scales, tmp_path):
    code, out, _ = evaluate("--limit", 12)
    assert code == 0
    assert "KID-EffLite0 x 1000" in out
    report = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert (report["split"], report["rows"], report["model"]) == ("tune", 12, "tiny")
    assert report["settings"]["steps"] == 3
    assert report["cost"]["pictures"] == 12
    assert report["cost"]["evaluations_per_picture"] == 6
    assert report["cost"]["memory_mb"] == 99.0
    assert scales == [(Path("out/pictures/0000.png"), str(tiny_folder), {"device": "cpu", "weak": None})]
    assert f"99 MB at most (on cpu, threads: {torch.get_num_threads()})" in out
    assert len(list((tmp_path / "out" / "pictures").glob("*.png"))) == 12
    kid = report["lines"][0]
    assert kid["made"][1] <= kid["made"][0] <= kid["made"][2]


def test_settings_reach_the_pictures_and_the_folder_goes_on(evaluate, tmp_path):
    code, out, _ = evaluate("--limit", 4, "--steps", 2, "--guidance", "1", "--json")
    report = json.loads(out)
    assert code == 0
    assert report["cost"]["evaluations_per_picture"] == 2
    assert report["settings"]["guidance"]["scale"] == 1.0
    more = json.loads(evaluate("--limit", 6, "--steps", 2, "--guidance", "1", "--json")[1])
    assert more["cost"]["pictures"] == 6
    code, _, err = evaluate("--limit", 6, "--steps", 3, "--guidance", "1")
    assert code == 2
    assert "another recipe" in err


def test_the_split_is_asked_for(evaluate, tmp_path):
    """On report each prompt has four seeds."""
    assert evaluate("--limit", 3, "--split", "report", "--microbatch", 2)[0] == 0
    report = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert report["split"] == "report"
    assert "distance between 4 seeds of a prompt" in [line["measure"] for line in report["lines"]]
    assert len(list((tmp_path / "out" / "seeds").glob("*.png"))) == 9


def test_corpora_of_the_card_that_are_not_searched_are_named(evaluate, sfumato, corpus, tiny_folder, tmp_path):
    """Before the work, in the table and in the document; not where --further names them."""
    content = json.loads(evaluate("--limit", 2, "--steps", 1, "--json")[1])["corpora"][1].partition("-")[0]
    known = checkpoint.read_manifest(tiny_folder)
    data = [{"name": "shapes", "key": f"{content}-train-32-rgba"}, {"name": "tones", "key": "ffff-train-32"}]
    shutil.copytree(tiny_folder, tmp_path / "told")
    (tmp_path / "told" / NAME).write_text(dataclasses.replace(known, card={"data": data}).to_json(), "utf-8")
    words = ("--data", corpus, "--cache", "cache", "--out", "out", "--limit", 2, "--steps", 1)
    code, out, err = sfumato("evaluate", "told", *words)
    assert code == 0
    assert "note: tiny was trained on tones too, and no copy is looked for there" in err
    assert "trained on, but not searched: tones\n" in out
    assert json.loads((tmp_path / "out" / "evaluation.json").read_text())["copies"]["not_searched"] == ["tones"]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--limit", "1"), "at least 2"),
        (("--limit", "many"), "whole number"),
        (("--steps", "0"), "steps is 0"),
        (("--split", "train"), "invalid choice"),
        (("--split", "report", "--guidance", "3"), "choose on tune"),
        (("--seeds", "0"), "at least 1"),
        (("--sweep-guidance", "1"), "at least 2 prompts"),
        (("--sweep-guidance", "all"), "whole number"),
        (("--data", "absent"), "no corpus"),
    ],
)
def test_bad_input_is_one_line(evaluate, words, complaint):
    code, _, err = evaluate(*words)
    assert code == 2
    assert complaint in err
    assert err.strip().splitlines()[-1].startswith("sfumato: error:")


def test_a_sweep_of_guidance(evaluate, tmp_path):
    """Two seeds a prompt, however many are measured, and intervals of as many families as were drawn."""
    code, out, _ = evaluate("--limit", 12, "--steps", 1, "--sweep-guidance", 3, "--seeds", 3)
    assert code == 0
    report = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert [point["scale"] for point in report["sweep"]] == [0.0, 1.0, 2.0, 4.0, 7.5, 12.5]
    assert len(list((tmp_path / "out" / "sweep").glob("w-*/*.png"))) == 6 * 3 * 2
    diversity = next(line for line in report["sweep"][0]["lines"] if line["measure"].startswith("distance"))
    assert (diversity["pictures"], diversity["families"]) == (6, 3)
    assert diversity["made"][1:] == [None, None]
    assert out.index("planted copies caught") < out.index("at each guidance scale w") < out.index("\n12.5 ")


def test_interval_and_weak_are_choices(evaluate, tiny_folder):
    code, out, _ = evaluate("--limit", 3, "--steps", 2, "--interval", "0.6:1", "--json")
    assert code == 0
    report = json.loads(out)
    assert report["settings"]["guidance"]["interval"] == [0.6, 1.0]
    assert report["cost"]["evaluations_per_picture"] == 3
    for flags in (("--interval", "0:1"), ("--weak", tiny_folder)):
        code, _, err = evaluate("--limit", 3, "--split", "report", *flags)
        assert code == 2
        assert "choose on tune" in err
