"""`sfumato generate`, as its user sees it."""

import json
import os
from pathlib import Path

import PIL.Image
import pytest

from sfumato.provenance.files import read


def pictures(folder="pictures"):
    return sorted(p.name for p in Path(folder).iterdir())


def test_it_says_where_and_how_long(sfumato):
    code, out, err = sfumato("generate", "A red apple, 3D", "--seed", 5)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert Path(lines[0]) == Path("pictures/a-red-apple-3d-5.png")
    assert lines[1].startswith("1 picture in ")
    with PIL.Image.open(lines[0]) as image:
        assert image.size == (32, 32)


def test_several_prompts_counts_and_names_that_never_clash(sfumato):
    assert sfumato("generate", "cats", "a red apple", "--count", 2, "--out", "x")[0] == 0
    before = {name: (Path("x") / name).read_bytes() for name in pictures("x")}
    assert list(before) == ["a-red-apple-0.png", "a-red-apple-1.png", "cats-0.png", "cats-1.png"]
    assert sfumato("generate", "cats", "--out", "x")[0] == 0
    assert pictures("x") == sorted([*before, "cats-0-2.png"])
    assert {name: (Path("x") / name).read_bytes() for name in before} == before


@pytest.mark.parametrize(("kind", "suffix"), [("png", "png"), ("jpeg", "jpg"), ("jpg", "jpg"), ("webp", "webp")])
def test_formats(sfumato, kind, suffix):
    assert sfumato("generate", "cats", "--format", kind)[0] == 0
    assert pictures() == [f"cats-0.{suffix}"]
    assert read(f"pictures/cats-0.{suffix}")[0].recipe.prompt == "cats"


def test_one_file(sfumato):
    assert sfumato("generate", "cats", "--out", "here/cat.webp")[0] == 0
    assert read("here/cat.webp")[2] == "webp"
    code, _, err = sfumato("generate", "cats", "--out", "here/cat.webp")
    assert code == 2
    assert "exists already" in err
    assert sfumato("generate", "cats", "--out", "x.png", "--count", 2)[0] == 2
    assert sfumato("generate", "cats", "--out", "x.png", "--format", "webp")[0] == 2


def test_a_file_of_prompts(sfumato):
    Path("list.txt").write_text("a red apple\n\n  green pear \n", encoding="utf-8-sig")
    assert sfumato("generate", "--prompts", "list.txt", "cats")[0] == 0
    assert pictures() == ["a-red-apple-0.png", "cats-0.png", "green-pear-0.png"]


def test_json_is_whole_and_alone_on_stdout(sfumato):
    code, out, err = sfumato("generate", "🍎", "--count", 2, "--json")
    document = json.loads(out)
    assert code == 0
    assert [p["seed"] for p in document["pictures"]] == [0, 1]
    assert all(Path(p["path"]).is_file() for p in document["pictures"])
    assert document["pictures"][0]["recipe"]["model"] == "tiny"
    assert not document["interrupted"]
    assert any("know" in note for note in document["notes"])
    assert err.startswith("sfumato: note: ")


def test_settings_reach_the_recipe(sfumato):
    flags = "--steps 2 --guidance 1.5 --sampler ddim:eta=0.5 --grid karras --size 48x32 --negative cats --microbatch 2"
    assert sfumato("generate", "a red apple", "--seed", 9, *flags.split())[0] == 0
    recipe = read("pictures/a-red-apple-9.png")[0].recipe
    assert (recipe.steps, recipe.guidance["scale"], recipe.sampler) == (2, 1.5, {"kind": "ddim", "eta": 0.5})
    assert (recipe.grid, recipe.size, recipe.negative, recipe.microbatch) == ("karras", (48, 32), "cats", 2)


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_like_makes_the_same_pixels(sfumato, kind):
    flags = ["--steps", 2, "--sampler", "euler-ancestral", "--seed", 3, "--microbatch", 2, "--negative", "cats"]
    sfumato("generate", "a red apple", *flags, "--format", kind)
    [first] = pictures()
    code, _, err = sfumato("generate", "--like", f"pictures/{first}", "--out", "again")
    assert code == 0
    assert "the same pixels, every one" in err
    [second] = pictures("again")
    assert second == first
    assert read(f"again/{second}")[0] == read(f"pictures/{first}")[0]
    assert (read(f"again/{second}")[1] == read(f"pictures/{first}")[1]).all()


def test_like_ignores_environment_and_takes_flags(sfumato, monkeypatch):
    sfumato("generate", "a red apple", "--steps", 2)
    monkeypatch.setenv("SFUMATO_STEPS", "7")
    code, _, err = sfumato(
        "generate", "cats", "--like", "pictures/a-red-apple-0.png", "--seed", 4, "--guidance", 2, "--count", 2
    )
    assert code == 0
    recipe = read("pictures/cats-5.png")[0].recipe
    assert (recipe.prompt, recipe.seed, recipe.steps, recipe.guidance["scale"]) == ("cats", 5, 2, 2.0)
    assert "pixels" not in err


def test_like_with_another_model_says_so(sfumato, tmp_path):
    from tiny import write_tiny

    sfumato("generate", "a red apple")
    other = write_tiny(tmp_path / "other", seed=10)
    code, _, err = sfumato("generate", "--like", "pictures/a-red-apple-0.png", "--model", other)
    assert code == 0
    assert "the model differs" in err
    assert "different: " in err


def test_like_without_its_model(sfumato):
    sfumato("generate", "a red apple")
    code, _, err = sfumato("generate", "--like", "pictures/a-red-apple-0.png", model=False)
    assert code == 2
    assert "made by 'tiny'" in err
    assert "--model" in err


def test_private(sfumato):
    assert sfumato("generate", "a red apple", "--private", "--steps", 2)[0] == 0
    name, sidecar = pictures()
    assert name.startswith("private-")
    assert sidecar == name + ".json"
    assert b"apple" not in (Path("pictures") / name).read_bytes()
    code, _, err = sfumato("generate", "--like", f"pictures/{name}", "--out", "again")
    assert code == 0
    assert "the same pixels" in err
    assert all(n.startswith("private-") for n in pictures("again"))
    (Path("pictures") / sidecar).unlink()
    code, _, err = sfumato("generate", "--like", f"pictures/{name}")
    assert code == 2
    assert "sidecar" in err


def test_a_trace_and_its_table(sfumato):
    code, out, _ = sfumato("generate", "a red apple", "--steps", 4, "--trace", "t", "--attention", "*")
    assert code == 0
    assert "sfumato inspect t" in out
    code, out, _ = sfumato("inspect", "t")
    assert code == 0
    assert out.splitlines()[2].split() == [
        "step",
        "t",
        "alpha",
        "sigma",
        "x_t",
        "x0_hat",
        "eps_hat",
        "guidance",
        "cosine",
    ]
    assert [line.split()[0] for line in out.splitlines()[3:7]] == ["1", "2", "3", "4"]
    assert sfumato("generate", "cats", "--trace", "t")[0] == 2
    code, out, _ = sfumato("generate", "cats", "--count", 2, "--trace", "many")
    assert code == 0
    assert pictures("many") == ["0001", "0002"]
    assert sfumato("inspect", "many")[0] == 2
    assert sfumato("inspect", "many/0002")[0] == 0


def test_interrupting_keeps_what_is_finished(sfumato, monkeypatch):
    from sfumato.model import Model

    finish = Model.finish
    done = []

    def interrupted(self, group, event, canvas):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(group)
        return finish(self, group, event, canvas)

    monkeypatch.setattr(Model, "finish", interrupted)
    code, out, _ = sfumato("generate", "cats", "--count", 5)
    assert code == 130
    assert pictures() == ["cats-0.png", "cats-1.png"]
    assert "2 pictures in" in out
    assert "interrupted" in out
    done.clear()
    code, out, _ = sfumato("generate", "cats", "--count", 5, "--json", "--out", "x")
    assert code == 130
    document = json.loads(out)
    assert document["interrupted"]
    assert len(document["pictures"]) == 2


def test_long_prompts_are_cut_with_a_word(sfumato):
    code, _, err = sfumato("generate", "a red apple " * 1000)
    assert code == 0
    assert "cut after" in err
    [name] = pictures()
    assert len(name) < 60


def test_names_of_any_script(sfumato):
    assert sfumato("generate", "", "🍎", "красное яблоко", "../../etc/passwd", "りんご" * 40)[0] == 0
    names = pictures()
    assert "picture-0.png" in names
    assert "picture-0-2.png" in names
    assert "красное-яблоко-0.png" in names
    assert "etc-passwd-0.png" in names
    assert all(len(os.fsencode(n)) < 140 for n in names)
