"""The same three pictures in every format that people have: the same rows, the same bytes, the same training."""

import json

import numpy as np
import pytest
from tests.corpus.making import (
    FORMATS,
    NAMES,
    in_classes,
    in_folder,
    in_metadata,
    in_parquet,
    in_saved,
    in_shards,
    picture,
    shard,
    table,
)  # fmt: skip

from sfumato.corpus.detect import detect, read_corpus
from sfumato.corpus.source import open_source
from sfumato.errors import CorpusError


@pytest.fixture(params=FORMATS)
def corpus(request, tmp_path):
    return FORMATS[request.param](tmp_path / "corpus")


def test_every_format_answers_the_same_rows_and_bytes(corpus):
    found = read_corpus(corpus)
    assert [row.caption for row in found.rows] == sorted(NAMES, key=[row.caption for row in found.rows].index)
    assert {row.caption for row in found.rows} == set(NAMES)
    assert not found.skipped
    assert len({row.id for row in found.rows}) == 3
    by_caption = dict(zip([row.caption for row in found.rows], found.pictures(found.rows), strict=True))
    assert by_caption == {name: picture(k) for k, name in enumerate(NAMES)}
    some = [row for row in found.rows if row.caption != NAMES[1]]
    assert list(found.pictures(some)) == [by_caption[row.caption] for row in some]
    assert list(found.pictures(found.rows[1:2])) == [by_caption[found.rows[1].caption]]
    assert not list(found.pictures([]))


def test_every_format_opens_for_training(corpus, tmp_path):
    train = open_source(corpus, split="train", size=8, cache=tmp_path / "cache")
    val = open_source(corpus, split="val", size=8, cache=tmp_path / "cache")
    assert (len(train), len(val)) == (2, 1)
    for source in (train, val):
        for row, pixels in zip(source.rows, source.pictures, strict=True):
            assert pixels[4, 4].tolist() == [NAMES.index(row.caption)] * 3
    assert open_source(corpus, split="train", size=8, cache=tmp_path / "cache").key == train.key


def test_a_caption_without_a_picture_is_named_and_a_readme_is_not(tmp_path):
    folder = in_folder(tmp_path / "c")
    for name in ("gone.txt", "README.txt", "sub/LICENSE.txt", "sub/lost.caption", "config.json", "0.png.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("words")
    found = read_corpus(folder)
    assert [row.caption for row in found.rows] == list(NAMES)
    assert [(s.id, s.what) for s in found.skipped] == [("gone.txt", "no picture"), ("sub/lost.caption", "no picture")]


def test_json_beside_pictures(tmp_path):
    folder = in_folder(tmp_path / "c", ending=".json")
    (folder / "3.png").write_bytes(picture(3))
    (folder / "3.png.json").write_text(json.dumps({"text": ["first", "second"], "tags": "x, y", "style_phrase": "ink"}))
    (folder / "4.png").write_bytes(picture(4))
    (folder / "4.json").write_text('"only words"')
    (folder / "5.png").write_bytes(picture(5))
    (folder / "5.json").write_text("{broken")
    found = read_corpus(folder)
    rows = {row.id: row for row in found.rows}
    assert (rows["3.png"].caption, rows["3.png"].keywords, rows["3.png"].style_phrase) == ("first", ("x", "y"), "ink")
    assert rows["4.png"].caption == "only words"
    assert [s.id for s in found.skipped] == ["5.png"]
    assert found.skipped[0].reason.startswith("its caption file 5.json is no JSON")


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_lists_with_mistakes(tmp_path, kind):
    folder = in_metadata(tmp_path / "c", kind=kind)
    (folder / "9.png").write_bytes(picture(9))
    (folder / "sub").mkdir()
    (folder / "sub" / "8.png").write_bytes(picture(8))
    bad = [("gone.png", "x"), ("../0.png", "x"), ("", "x"), ("sub/8.png", ""), ("/etc/passwd", "x")]
    with (folder / f"metadata.{kind}").open("a") as file:
        for name, words in bad:
            file.write(
                "\n" + json.dumps({"file_name": name, "text": words}) if kind == "jsonl" else f"{name},{words}\n"
            )
        file.write("\nnot json\n" if kind == "jsonl" else "")
    found = read_corpus(folder)
    assert [row.id for row in found.rows] == ["0.png", "1.png", "2.png"]
    reasons = {s.id: s.reason for s in found.skipped}
    assert "no such file" in reasons["gone.png"]
    assert "leads out of the folder" in reasons["../0.png"]
    assert "leads out of the folder" in reasons["etc/passwd"]
    assert reasons["sub/8.png"] == "it has no caption"
    assert "no metadata file lists it" in reasons["9.png"]
    assert sum("names no file_name" in reason for reason in reasons.values()) == 1
    assert sum("cannot be read" in reason for reason in reasons.values()) == (kind == "jsonl")


def test_a_list_without_its_columns(tmp_path):
    folder = in_metadata(tmp_path / "c", kind="csv")
    (folder / "metadata.csv").write_text("name;caption\n0.png;x\n")
    with pytest.raises(CorpusError, match="needs file_name"):
        read_corpus(folder)


def test_lists_in_split_folders_hold_out_what_is_for_tests(tmp_path):
    in_metadata(tmp_path / "c" / "train")
    in_metadata(tmp_path / "c" / "test")
    found = read_corpus(tmp_path / "c")
    assert found.named
    assert {row.split for row in found.rows if row.id.startswith("test/")} == {"val"}
    assert {row.split for row in found.rows if row.id.startswith("train/")} == {"train"}


def test_class_folders_below_split_folders(tmp_path):
    in_classes(tmp_path / "c" / "train" / "things")
    in_classes(tmp_path / "c" / "validation")
    (tmp_path / "c" / "loose.png").write_bytes(picture(7))
    found = read_corpus(tmp_path / "c")
    assert {(row.caption, row.split) for row in found.rows} == {(n, s) for n in NAMES for s in ("train", "val")}
    assert [s.id == "loose.png" and "class folder" in s.reason for s in found.skipped] == [True]


def test_splits_of_shards_parquet_and_arrow_files(tmp_path):
    in_parquet(tmp_path / "p" / "data" / "train-00000-of-00001.parquet")
    in_parquet(tmp_path / "p" / "data" / "test-00000-of-00001.parquet")
    in_saved(tmp_path / "a" / "train")
    in_saved(tmp_path / "a" / "validation")
    (tmp_path / "a" / "validation" / "state.json").write_text('{"_split": "validation"}')
    in_shards(tmp_path / "s" / "train")
    in_shards(tmp_path / "s" / "val")
    for name in "pas":
        found = read_corpus(tmp_path / name)
        assert found.named
        assert [row.split for row in found.rows].count("val") == 3
        assert len({row.id for row in found.rows}) == len(found.rows) == 6
        assert len(list(found.pictures(found.rows))) == 6


def test_shards_with_mistakes(tmp_path):
    good = [(f"{k}.{end}", data) for k in range(3) for end, data in (("jpg", picture(k)), ("txt", b"words"))]
    whole = shard(tmp_path / "c" / "0.tar", [*good, ("alone.png", picture(9)), ("words.txt", b"x"), ("no-dot", b"x")])
    found = read_corpus(whole)
    assert [row.id for row in found.rows] == ["0", "1", "2"]
    assert {s.id: s.reason.partition(":")[0] for s in found.skipped} == {
        "alone": "it has no caption",
        "words": "a caption without a picture of the same name in the shard",
    }
    data = whole.read_bytes()
    whole.write_bytes(data[:2048] + b"\xff" * 512 + data[2560:])
    found = read_corpus(whole)
    assert [s.id for s in found.skipped if "damaged" in s.reason] == ["0.tar"]
    whole.write_bytes(b"\x1f\x8b" + bytes(600))
    with pytest.raises(CorpusError, match="must be unpacked first"):
        read_corpus(whole)


def test_names_that_would_lead_out_of_a_shard_are_only_names(tmp_path):
    path = shard(tmp_path / "c" / "0.tar", [("../../evil.png", picture(1)), ("../../evil.txt", b"words")])
    before = sorted(tmp_path.rglob("*"))
    found = read_corpus(path)
    assert [row.id for row in found.rows] == ["../../evil"]
    assert list(found.pictures(found.rows)) == [picture(1)]
    assert sorted(tmp_path.rglob("*")) == before


def test_labels_without_names_are_no_caption(tmp_path):
    path = in_parquet(tmp_path / "c.parquet", labels=True)
    import pyarrow.parquet

    pyarrow.parquet.write_table(table(labels=True).replace_schema_metadata({}), path)
    found = read_corpus(path)
    assert not found.rows
    assert {s.reason for s in found.skipped} == {"it has no caption"}


def test_a_dataset_without_pictures_or_captions_names_the_column(tmp_path):
    import pyarrow.parquet

    for column, lacking in (("image", "caption"), ("text", "image")):
        path = tmp_path / f"{column}.parquet"
        pyarrow.parquet.write_table(pyarrow.table({column: ["x"]}), path)
        with pytest.raises(CorpusError, match=f"lacks the column '{lacking}'"):
            read_corpus(path)


@pytest.mark.parametrize("content", [b"", b"ARROW1", bytes(1000)])
def test_a_damaged_arrow_file(tmp_path, content):
    folder = in_saved(tmp_path / "c")
    (folder / "data-00000-of-00001.arrow").write_bytes(content)
    with pytest.raises(CorpusError, match="cannot be read as Arrow"):
        read_corpus(folder)


def test_why_a_format_is_believed(tmp_path):
    whys = {name: detect(make(tmp_path / name.replace(" ", "-"))).why for name, make in FORMATS.items()}
    assert whys["txt"] == whys["json"] == "caption files lie beside them"
    assert whys["classes"].startswith("its pictures lie in sub-folders")
    assert whys["csv"] == "a metadata file lists its pictures"
    assert "tar" in whys["shards"]
    assert "Arrow" in whys["saved splits"]


def test_what_is_no_corpus(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "pictures.zip").write_bytes(b"PK")
    for path, words in (
        (tmp_path / "none", "there is no corpus at"),
        (tmp_path / "empty", "holds no picture"),
        (tmp_path / "pictures.zip", "must be unpacked first"),
        (in_metadata(tmp_path / "m") / "metadata.jsonl", "give the folder it lies in"),
    ):
        with pytest.raises(CorpusError, match=words):
            read_corpus(path)


def test_hidden_files_are_passed_over_and_odd_names_are_kept(tmp_path):
    folder = in_folder(tmp_path / "c", names=())
    for name in ("new\nline", "blank space", "ünï", "._hidden", "quote'\""):
        (folder / f"{name}.png").write_bytes(picture(len(name)))
        (folder / f"{name}.txt").write_text("words")
    (folder / ".git").mkdir()
    (folder / ".git" / "x.png").write_bytes(picture(1))
    (folder / "folder.png").mkdir()
    found = read_corpus(folder)
    assert {row.id for row in found.rows} == {"new\nline.png", "blank space.png", "ünï.png", "quote'\".png"}
    source = open_source(folder, split="train", size=8, cache=tmp_path / "cache")
    assert len(source) == 3
    assert np.asarray(source.pictures).shape == (3, 8, 8, 3)


def test_a_name_that_is_not_utf8(tmp_path):
    folder = in_folder(tmp_path / "c")
    try:
        with open(bytes(folder) + b"/\xff\xfe.png", "wb") as file:
            file.write(picture(5))
        with open(bytes(folder) + b"/\xff\xfe.txt", "w") as file:
            file.write("words")
    except OSError:
        pytest.skip("this file system takes no such name")
    assert len(open_source(folder, split="train", size=8, cache=tmp_path / "cache")) == 3
