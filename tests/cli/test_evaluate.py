"""`sfumato evaluate`: a tiny model on the test pictures, from the command line."""

import json

import pytest

from held_out import Thumbnail, with_held_out


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return with_held_out(tmp_path_factory.mktemp("corpus") / "glyphs.parquet")


@pytest.fixture(autouse=True)
def ruler(monkeypatch):
    """Thumbnails in the network's place."""
    monkeypatch.setattr("sfumato.evaluate.features.load_features", lambda device: Thumbnail())


@pytest.fixture
def evaluate(sfumato, tiny_folder, corpus):
    def run(*words):
        return sfumato("evaluate", tiny_folder, "--data", corpus, "--cache", "cache", "--out", "out", *words)

    return run


def test_table_json_and_pictures(evaluate, tmp_path):
    code, out, _ = evaluate("--limit", 12)
    assert code == 0
    assert "KID-EffLite0 x 1000" in out
    report = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert (report["split"], report["rows"], report["model"]) == ("tune", 12, "tiny")
    assert report["settings"]["steps"] == 3
    assert report["cost"]["pictures"] == 12
    assert report["cost"]["evaluations_per_picture"] == 6
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
    code, out, _ = evaluate("--limit", 4, "--steps", 1, "--sweep-guidance", 3)
    assert code == 0
    report = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert [point["scale"] for point in report["sweep"]] == [0.0, 1.0, 2.0, 4.0, 7.5, 12.5]
    assert len(list((tmp_path / "out" / "sweep").glob("w-*/*.png"))) == 6 * 3 * 2
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
