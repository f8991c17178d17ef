"""`sfumato corpus check` as a user and as a script meet it."""

import io
import json

import numpy as np
import pytest
from PIL import Image
from tests.corpus.making import in_classes, in_folder, in_parquet, picture

from sfumato.cli.corpus_check import LEFT_OUT
from sfumato.cli.printable import printable
from sfumato.corpus.check import check

TINY = ("--recipe", "tiny", "--no-timing")


def saved(pixels, kind="PNG", **options):
    data = io.BytesIO()
    Image.fromarray(np.asarray(pixels, np.uint8)).save(data, kind, **options)
    return data.getvalue()


@pytest.fixture
def mixed(tmp_path):
    """A folder with one of everything."""
    folder = in_folder(tmp_path / "mixed", [f"thing {k}" for k in range(30)])
    chance = np.random.default_rng(5)
    wide = chance.integers(0, 255, (40, 100, 3))
    clear = chance.integers(0, 255, (40, 40, 4))
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    frames[0].putpixel((0, 0), (1, 2, 3))
    moving = io.BytesIO()
    frames[0].save(moving, "GIF", save_all=True, append_images=frames[1:])
    pictures = {
        "wide.png": saved(wide), "clear.png": saved(clear), "moving.gif": moving.getvalue(), "again.bmp": picture(3),
        "blank.png": saved(np.full((40, 40, 3), 7)), "drawing.svg": b"<svg/>", "cut.jpg": saved(wide, "JPEG")[:400],
        "new\nline.png": b"no picture", "scan.tif": b"II*\0" + bytes(99),
    }  # fmt: skip
    for name, data in pictures.items():
        (folder / name).write_bytes(data)
        (folder / name).with_suffix(".txt").write_text("the same words" if name[0] in "wc" else name[:3])
    (folder / "silent.png").write_bytes(picture(500))
    (folder / "lost.txt").write_text("words")
    return folder


def test_everything_wrong_is_named(sfumato, mixed):
    code, out, err = sfumato("corpus", "check", mixed, *TINY, "--json")
    assert (code, err) == (LEFT_OUT, "")
    facts = json.loads(out)
    assert facts["found"] == 40
    assert {(f["id"], f["what"]) for f in facts["left_out"]} == {
        ("silent.png", "no caption"),
        ("lost.txt", "no picture"),
        *((name, "unreadable") for name in ("cut.jpg", "drawing.svg", "new\nline.png", "scan.tif")),
    }
    reasons = {f["id"]: f["reason"] for f in facts["left_out"]}
    assert "cut short" in reasons["cut.jpg"]
    assert "SVG drawing" in reasons["drawing.svg"]
    assert "TIFF" in reasons["scan.tif"]
    assert "silent.txt" in reasons["silent.png"]
    remarks = {(r["id"], r["what"]) for r in facts["remarks"]}
    assert remarks >= {
        ("wide.png", "odd aspect"), ("moving.gif", "animated"), ("blank.png", "blank"),
        ("wide.png", "duplicate caption"), ("0.png", "too small"),
    }  # fmt: skip
    assert ({("again.bmp", "duplicate picture"), ("3.png", "duplicate picture")} & remarks) != set()
    assert ("clear.png", "too small") not in remarks
    assert (facts["transparent"], facts["animated"]) == (1, 1)
    used = facts["used"]
    assert used["train"] + used["val"] == 35
    assert used["tune"] >= 1
    assert used["report"] >= 1
    assert facts["sides"]["most"] == 100
    assert facts["training"] is None


def test_the_lines_say_the_same(sfumato, mixed):
    code, out, _ = sfumato("corpus", "check", mixed, *TINY)
    assert code == LEFT_OUT
    assert "mixed: a folder of pictures (caption files lie beside them)" in out
    assert "40 pictures found: 35 can be used; left out: 6" in out
    assert "chosen by their content: the data name no split" in out
    assert "\n  unreadable: 4\n" in out
    assert r"new\nline.png: its picture cannot be decoded" in out
    assert "... and 21 more (--all names every one)" in out
    assert all(line.isprintable() for line in out.splitlines())
    assert "... and" not in sfumato("corpus", "check", mixed, *TINY, "--all")[1]


def test_nothing_wrong_is_0(sfumato, tmp_path):
    path = in_classes(tmp_path / "c")
    code, out, _ = sfumato("corpus", "check", path, *TINY)
    assert code == 0
    assert "class folders" in out
    assert "3 pictures found: 3 can be used; left out: 0" in out
    assert "duplicate caption" not in out


def test_the_splits_that_the_data_name(sfumato, tmp_path):
    in_parquet(tmp_path / "c" / "data" / "train-0.parquet")
    in_parquet(tmp_path / "c" / "data" / "test-0.parquet")
    code, out, _ = sfumato("corpus", "check", tmp_path / "c", *TINY)
    assert code == 0
    assert "3 to train on; 3 held out" in out
    assert "as the data say" in out
    assert "one of them held out and the other trained on" in out


def test_how_long_training_would_take_is_measured(sfumato, tmp_path, monkeypatch):
    monkeypatch.setattr("sfumato.train.rehearsal.SECONDS", 0.1)
    folder = in_folder(tmp_path / "c", [f"thing {k}" for k in range(40)])
    code, out, err = sfumato("corpus", "check", folder, "--recipe", "tiny", "--device", "cpu", "--json")
    assert (code, err) == (0, "")
    facts = json.loads(out)
    timing, train = facts["training"], facts["used"]["train"]
    assert timing["pictures_per_second"] > 0
    assert timing["measured_updates"] >= 1
    assert timing["run_seconds"] == pytest.approx(320 / timing["pictures_per_second"])
    assert timing["pass_seconds"] == pytest.approx(train / timing["pictures_per_second"])
    assert timing["parameters"] > 10_000
    out = sfumato("corpus", "check", folder, "--recipe", "tiny", "--device", "cpu", "--set", "rate.images=0")[1]
    assert "pictures a second, measured over" in out
    assert "1000 passes, for instance, would take" in out
    assert sorted(p.name for p in tmp_path.iterdir()) == ["c"], "nothing is kept"
    out = sfumato("corpus", "check", folder, "--recipe", "bozzetto", "--set", "space.autoencoder=none")[1]
    assert "not measured, as" in out


def test_bad_input_is_one_line_and_2(sfumato, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.png").write_bytes(b"none")
    (tmp_path / "bad" / "a.txt").write_text("words")
    for words, part in (
        ((tmp_path / "none",), "there is no corpus at"),
        ((tmp_path / "empty",), "holds no picture"),
        ((tmp_path / "bad",), "no picture to train on; 1 were left out"),
        ((tmp_path / "empty", "--recipe", "tinny"), "did you mean 'tiny'"),
    ):
        code, _, err = sfumato("corpus", "check", *(words if "--recipe" in words else (*words, *TINY)))
        assert code == 2
        assert part in err
        assert len(err.splitlines()) == 1


def test_the_family_of_commands(sfumato):
    code, out, err = sfumato("corpus", "--help")
    assert (code, err) == (0, "")
    assert "\n  check" in out
    code, out, err = sfumato("corpus", "check", "--help")
    assert (code, err) == (0, "")
    assert "usage: sfumato corpus check" in out
    assert "exit codes: 0" in out
    assert "did you mean 'check'" in sfumato("corpus", "chek")[2]
    assert sfumato("corpus", "chek")[0] == 2
    assert sfumato("corpus")[0] == 2


def test_a_leak_between_the_splits_is_seen(tmp_path):
    folder = tmp_path / "c"
    for place, kind in (("train", "PNG"), ("val", "BMP")):
        (folder / place).mkdir(parents=True)
        (folder / place / "a.png").write_bytes(picture(9, 40, kind))
        (folder / place / "a.txt").write_text(place)
    report = check(folder, 32)
    assert [(r.id, r.what, "held out" in r.reason) for r in report.remarks] == [
        ("val/a.png", "duplicate picture", True)
    ]


def test_shared_captions_are_told_of_but_not_where_they_are_classes(tmp_path):
    few = check(in_folder(tmp_path / "few", [f"thing {k // 2}" for k in range(8)]), 8)
    assert [r.what for r in few.remarks].count("duplicate caption") == 4
    many = check(in_folder(tmp_path / "many", [f"thing {k % 3}" for k in range(8)]), 8)
    assert "duplicate caption" not in [r.what for r in many.remarks]


def test_printable():
    assert printable("a\nb\x1b[31m\udc80é") == r"a\nb\x1b[31m\udc80é"
