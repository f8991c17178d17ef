"""Hostile words (design evidence R6): 200 rows, each with a text that is meant to break something, in any field."""

import json
import random

import pytest
from tests.corpus.making import in_folder, picture, shard

from sfumato.cli.main import main
from sfumato.corpus.check import check
from sfumato.corpus.detect import read_corpus
from sfumato.corpus.fields import LIMIT
from sfumato.corpus.pack_split import ByFamily
from sfumato.corpus.pack_write import Packing, write_corpus_pack
from sfumato.corpus.prompt import Prompting, training_prompt
from sfumato.corpus.source import open_source
from sfumato.corpus.split import SPLITS

HARMLESS = (
    "\u202etxt.exe", "<script>alert(1)</script>", "<b>x", "'; DROP TABLE", "\x1b[31mred", "{0.__class__}", "%s%n",
    "../../etc/passwd", "\ufeffx", "e" + "\u0301" * 400, "\U0001f9d1\u200d\U0001f680" * 30, "\x7f\x85 x", "NaN", "null",
    "=cmd|' /C calc'!A0", "a\r\n\r\nb", "</script>\\", "-1", "\U0001d597x", "\ufffe\uffff", "x" * LIMIT,
)  # fmt: skip
FATAL = ("a\0b", "\ud800", "x\udfff", "\udcff", "\ud83d" * 3)
LONG = ("x" * (1 << 20), "y " * LIMIT)
PROMPT = ("caption", "keywords", "style_phrase")
FIELDS = (*PROMPT, "style", "concept", "family", "license", "source", "author", "split")
FREE = ("license", "source", "author")
"""Fields that may be of any length."""


def hostile(chance, k):
    """A row's fields, which of them is hostile, and whether the row must be left out."""
    name = FIELDS[k % len(FIELDS)]
    kind = chance.choices(("harmless", "fatal", "long"), (5, 4, 1))[0]
    text = chance.choice({"harmless": HARMLESS, "fatal": FATAL, "long": LONG}[kind])
    if len(text) < 100:
        text = f"{chance.choice(('', 'a '))}{text}{chance.choice(('', ' z'))}"
    split = "val" if k % 4 == 1 else "train"
    values = {"caption": f"thing {k}", "family": f"family {k % 9}", "split": split} | {name: text}
    if name == "keywords":
        values[name] = ["one", text]
    return values, name, kind == "fatal" or (kind == "long" and name not in FREE)


def rows(seed=6, count=200):
    chance = random.Random(seed)
    return [hostile(chance, k) for k in range(count)]


def listed(folder, made):
    """A folder whose metadata.jsonl lists a picture for each."""
    folder.mkdir(parents=True)
    for k in range(len(made)):
        (folder / f"{k}.png").write_bytes(picture(k, 16))
    lines = [json.dumps({"file_name": f"{k}.png", **values}) for k, (values, *_) in enumerate(made)]
    (folder / "metadata.jsonl").write_text("\n".join(lines))
    return folder


def test_200_rows_are_each_used_or_named_with_the_field(tmp_path):
    made = rows()
    assert {name for _, name, bad in made if bad} == {name for _, name, bad in made if not bad} == set(FIELDS)
    found = read_corpus(listed(tmp_path / "c", made))
    assert {s.id for s in found.skipped} == {f"{k}.png" for k, (*_, bad) in enumerate(made) if bad}
    for s in found.skipped:
        name = made[int(s.id[:-4])][1]
        assert name in s.reason, s.reason
        assert s.what == ("no caption" if name == "caption" else "unreadable")
    for row in found.rows:
        for u in (0.0, 0.2, 0.5, 0.99):
            training_prompt(row, Prompting(drop=0.0, keyword=0.3, long=0.4), 0.5, u).encode()


def test_200_rows_go_through_every_split_the_check_and_a_pack(tmp_path):
    folder = listed(tmp_path / "c", rows())
    table = read_corpus(folder)
    assert len(check(folder, 8).used) == len(table.rows)
    used = {row.id for split in SPLITS for row in open_source(folder, split=split, size=8, cache=tmp_path / "k").rows}
    assert used == {row.id for row in table.rows if row.split in ("train", "val")}
    pack = write_corpus_pack(table, tmp_path / "pack", Packing(splitting=ByFamily(share=0.3)))
    assert {entry.id for entry in pack.pictures} == {row.id for row in table.rows}
    assert [row.caption for row in read_corpus(tmp_path / "pack").rows] == [row.caption for row in table.rows]


def test_200_rows_beside_their_pictures_and_in_a_shard(tmp_path):
    """In files of their own: a JSON file of more than 64 KiB is none, and is named for it."""
    made = rows(7)
    names = [(f"{k}.png", picture(k, 16)) for k in range(len(made))]
    texts = [(f"{k}.json", json.dumps(values).encode()) for k, (values, *_) in enumerate(made)]
    bad = {k for k, (*_, left) in enumerate(made) if left} | {
        k for k, (_, text) in enumerate(texts) if len(text) > 65536
    }
    (tmp_path / "c").mkdir()
    for name, data in names + texts:
        (tmp_path / "c" / name).write_bytes(data)
    pairs = [member for both in zip(names, texts, strict=True) for member in both]
    for path, ending in ((tmp_path / "c", ".png"), (shard(tmp_path / "s" / "0.tar", pairs), "")):
        found = read_corpus(path)
        assert {s.id for s in found.skipped} == {f"{k}{ending}" for k in bad}
        assert len(found.rows) == len(made) - len(bad)


def test_captions_in_text_files(tmp_path):
    captions = {
        "nul": "a\0b", "surrogate": "\ud800", "right-to-left": "\u202etxt.exe", "long": "x" * (1 << 20), "html": "<b>",
        "quote": "'; DROP TABLE", "many": "\n" * 5000 + "x", "blank": " \t\n ", "controls": "\x1b[31mred",
    }  # fmt: skip
    folder = tmp_path / "txt"
    folder.mkdir()
    for k, (name, words) in enumerate(captions.items()):
        (folder / f"{name}.png").write_bytes(picture(k, 16))
        (folder / f"{name}.txt").write_bytes(words.encode("utf-8", "surrogatepass"))
    found = read_corpus(folder)
    assert {s.id.removesuffix(".png") for s in found.skipped} == {"surrogate", "long", "blank"}
    assert all(s.what == "no caption" for s in found.skipped)


def test_check_names_a_family_that_is_no_text(tmp_path, capsys):
    folder = in_folder(tmp_path / "c", ending=".json")
    (folder / "1.json").write_text('{"caption": "x", "family": "\\ud800"}')
    assert main(["corpus", "check", str(folder), "--no-timing"]) == 3
    assert "1.png: its family holds half of a character" in capsys.readouterr().out


@pytest.fixture
def odd(tmp_path):
    """Pictures of which one, held out, is called by bytes that are no UTF-8."""
    in_folder(tmp_path / "c" / "train")
    folder = in_folder(tmp_path / "c" / "val", [f"thing {k}" for k in range(12)])
    try:
        for ending, data in ((b".png", picture(9)), (b".txt", b"words")):
            with open(bytes(folder) + b"/\xff" + ending, "wb") as file:
                file.write(data)
    except OSError:
        pytest.skip("this file system takes no such name")
    return tmp_path / "c"


def test_an_id_that_is_no_utf8_falls_into_a_half_and_into_a_choice(odd, tmp_path, capsys):
    cache = tmp_path / "cache"
    ids = [{row.id for row in open_source(odd, split=half, size=8, cache=cache).rows} for half in ("tune", "report")]
    assert "val/\udcff.png" in ids[0] ^ ids[1]
    assert len(open_source(odd, split="val", size=8, cache=cache, most=2)) == 2
    assert main(["corpus", "check", str(odd), "--no-timing"]) == 0
    assert main(["corpus", "pack", str(odd), "--out", str(tmp_path / "pack"), "--split", "family"]) == 0
