"""Caption files with something wrong: the reason names the file that is there and what is wrong with it."""

import csv
import json

import pytest
from tests.corpus.making import in_classes, in_folder, in_metadata, picture, shard

from sfumato.corpus.detect import read_corpus
from sfumato.corpus.fields import LIMIT
from sfumato.errors import CorpusError


def reasons(path):
    return {s.id: s.reason for s in read_corpus(path).skipped}


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("0.txt", "café".encode("latin-1"), "its caption file 0.txt is not UTF-8: save it as UTF-8"),
        ("0.txt", "a cat".encode("utf-16"), "its caption file 0.txt is not UTF-8"),
        ("0.json", b'{"caption": "a cat",}', "its caption file 0.json is no JSON"),
        ("0.json", json.dumps({"caption": "a", "more": "x" * 70_000}).encode(), "is no JSON of at most 65,536 bytes"),
        ("0.json", "[" * 60_000, "is no JSON"),
        ("0.txt", b"", "it has no caption: write one to 0.txt"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path, name, data, words):
    folder = in_folder(tmp_path / "c")
    (folder / "0.txt").unlink()
    (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)
    found = read_corpus(folder)
    assert [(s.id, s.what) for s in found.skipped] == [("0.png", "no caption")]
    assert words in found.skipped[0].reason


def test_another_file_that_can_be_read_is_taken(tmp_path):
    folder = in_folder(tmp_path / "c")
    (folder / "0.txt").write_bytes(b"caf\xe9")
    (folder / "0.json").write_text('{"caption": "a cat"}')
    assert read_corpus(folder).rows[0].caption == "a cat"


def test_captions_that_cannot_be_read_do_not_make_class_folders(tmp_path):
    folder = in_classes(tmp_path / "c")
    for path in folder.rglob("*.png"):
        path.with_suffix(".txt").write_bytes(b"caf\xe9")
    assert {reason.partition(" is ")[2] for reason in reasons(folder).values()} == {"not UTF-8: save it as UTF-8"}


@pytest.mark.parametrize("suffix", [".TXT", ".Txt", ".CAPTION", ".JSON"])
def test_suffixes_in_capitals(tmp_path, suffix):
    folder = in_folder(tmp_path / "c")
    (folder / "0.txt").rename(folder / "kept")
    (folder / f"0{suffix}").write_text('{"caption": "a cat"}' if suffix == ".JSON" else "a cat")
    (folder / "1.PNG").write_bytes(picture(1))
    found = read_corpus(folder)
    assert not found.skipped
    assert [row.caption for row in found.rows if row.id == "0.png"] == ["a cat"]
    (folder / "0.png").unlink()
    assert [s.id for s in read_corpus(folder).skipped] == [f"0{suffix}"]


def test_json_without_a_picture_is_named_where_it_holds_a_caption(tmp_path):
    folder = in_folder(tmp_path / "c", ending=".json")
    for name, text in (
        ("lost.json", '{"caption": "a cat"}'), ("words.json", '"a dog"'), ("settings.json", '{"size": 3}'),
        ("broken.json", "{"), ("package.json", '{"description": "a program"}'),
    ):  # fmt: skip
        (folder / name).write_text(text)
    assert set(reasons(folder)) == {"lost.json", "words.json"}


def test_classes_of_idx_that_are_not_utf8(tmp_path):
    from tests.corpus.test_idx import write

    write(tmp_path)
    (tmp_path / "classes.txt").write_bytes(b"caf\xe9\n")
    with pytest.raises(CorpusError, match=r"classes\.txt is not UTF-8"):
        read_corpus(tmp_path)


def test_a_long_field_of_csv_is_its_rows_own_fault(tmp_path):
    folder = in_metadata(tmp_path / "c", kind="csv")
    limit = csv.field_size_limit()
    with (folder / "metadata.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file_name", "text"), ("0.png", "x" * 200_000), ("1.png", "a cat")])
    found = read_corpus(folder)
    assert [row.caption for row in found.rows] == ["a cat"]
    said = {s.id: s.reason for s in found.skipped}
    assert said == {
        "0.png": f"its caption holds a NUL or is longer than {LIMIT:,} characters",
        "2.png": "it has no caption: no metadata file lists it",
    }
    assert csv.field_size_limit() == limit, "it is the whole process'"


def test_a_field_of_csv_beyond_what_is_read_names_its_line(tmp_path, monkeypatch):
    monkeypatch.setattr("sfumato.corpus.metadata.LINE", 1000)
    folder = in_metadata(tmp_path / "c", kind="csv")
    (folder / "metadata.csv").write_text("file_name,text\n0.png," + "x" * 2000 + "\n1.png,a cat\n")
    found = read_corpus(folder)
    assert [row.caption for row in found.rows] == ["a cat"]
    assert {s.id: s.reason for s in found.skipped}["metadata.csv:2"] == "this line cannot be read"


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_lists_in_another_encoding(tmp_path, kind):
    folder = in_metadata(tmp_path / "c", ("plain", "caf\xe9", "red"), kind)
    path = folder / f"metadata.{kind}"
    path.write_bytes(path.read_bytes().replace("é".encode(), b"\xe9").replace(rb"\u00e9", b"\xe9"))
    found = read_corpus(folder)
    assert [row.caption for row in found.rows] == ["plain", "red"]
    assert [s.reason for s in found.skipped] == ["its caption is not UTF-8: save it as UTF-8"]


def test_captions_in_a_shard(tmp_path):
    files = (("0.txt", b"caf\xe9"), ("1.json", b"{broken"), ("2.txt", b"a cat"))
    members = [member for k, file in enumerate(files) for member in ((f"{k}.png", picture(k)), file)]
    found = read_corpus(shard(tmp_path / "0.tar", members))
    assert [row.caption for row in found.rows] == ["a cat"]
    assert [s.reason.partition(":")[0] for s in found.skipped] == [
        "its caption is not UTF-8",
        "its caption file 1.json is no JSON of at most 65,536 bytes",
    ]
