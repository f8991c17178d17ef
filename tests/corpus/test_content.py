"""What a corpus' key covers: no picture in the cache is paired with another row's words, and a change is told right."""

import hashlib
import json

import pytest
from tests.corpus.making import in_folder, picture

from sfumato.corpus.content import settled
from sfumato.corpus.detect import read_corpus
from sfumato.corpus.difference import difference
from sfumato.corpus.source import open_source

NAMES = tuple(f"thing {k}" for k in range(24))


def train(folder, tmp_path, **chosen):
    return open_source(folder, split="train", size=8, cache=tmp_path / "cache", **chosen)


def paired(source):
    """Whether every row has its own picture: that of its number."""
    return [int(row.caption.split()[1]) for row in source.rows] == source.pictures[:, 4, 4, 0].tolist()


def give(folder, k, **fields):
    path = folder / f"{k}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def test_families_that_come_later_do_not_pair_pictures_with_other_rows(tmp_path):
    folder = in_folder(tmp_path / "c", NAMES, ending=".json")
    before = train(folder, tmp_path)
    for k in range(len(NAMES)):
        give(folder, k, family=f"family {k % 7}")
    after = train(folder, tmp_path)
    assert paired(before)
    assert {row.id for row in before.rows} != {row.id for row in after.rows}, "families decide who is held out"
    assert after.key != before.key
    assert paired(after)


def test_styles_that_come_later_do_not_pair_pictures_with_other_rows(tmp_path):
    folder = in_folder(tmp_path / "c", NAMES, ending=".json")
    for shift in (0, 12):
        for k in range(len(NAMES)):
            give(folder, k, style="ink" if (k + shift) % 24 < 12 else "oil")
        assert paired(train(folder, tmp_path, styles=("ink",)))


def test_keys_of_rows_without_family_and_style_are_what_they_were(tmp_path):
    """The key as it was made before it covered both: caches and runs of such corpora stay good."""
    folder = in_folder(tmp_path / "c", NAMES[:3])
    digest = hashlib.sha256()
    for k, name in enumerate(NAMES[:3]):
        content = hashlib.sha256(picture(k)).hexdigest()
        digest.update("\0".join((f"{k}.png", name, "one", "two", "", "train", content)).encode() + b"\0\0")
    whole = hashlib.sha256(f"held out {digest.hexdigest()}".encode()).hexdigest()
    assert settled(read_corpus(folder))[1] == whole


def test_rows_that_are_numbered_anew_are_not_taken_for_those_left_out(tmp_path):
    """A picture without a caption is no row, but moves the numbers of those behind it."""
    folder = in_folder(tmp_path / "c", NAMES)
    (folder / "5.png").write_bytes(b"\x89PNG\r\n\x1a\n no more")
    before = train(folder, tmp_path)
    (folder / "00.png").write_bytes(picture(99))
    after = train(folder, tmp_path)
    assert after.key == before.key
    assert [row.id for row in after.rows] == [row.id for row in before.rows]
    assert paired(after)
    assert "5.png" in {s.id for s in after.skipped}


def test_a_cache_of_other_rows_under_the_same_key_is_made_anew(tmp_path):
    folder = in_folder(tmp_path / "c", NAMES)
    source = train(folder, tmp_path)
    index = tmp_path / "cache" / f"{source.key}.json"
    said = json.loads(index.read_text())
    said["rows"] = {f"x{name}": value for name, value in said["rows"].items()}
    index.write_text(json.dumps(said))
    assert paired(train(folder, tmp_path))
    assert list(json.loads(index.read_text())["rows"]) == [row.id for row in source.rows]


@pytest.fixture
def changed(tmp_path):
    """What the change of a folder is called, made by a function of the folder and the rows trained on."""
    folder = in_folder(tmp_path / "c", NAMES)

    def told(change):
        before = train(folder, tmp_path)
        change(folder, [row.id for row in before.rows])
        after = train(folder, tmp_path)
        assert before.key != after.key
        return difference(tmp_path / "cache", before.key, after.key)

    return told


def test_a_changed_keyword_is_a_changed_picture(changed):
    def keyword(folder, ids):
        (folder / ids[0].replace("png", "txt")).write_text(f"thing {ids[0][:-4]}\none, three")

    assert changed(keyword).startswith("1 changed (")


def test_held_out_pictures_alone(changed):
    def held(folder, ids):
        (name,) = sorted({f"{k}.png" for k in range(24)} - set(ids))[:1]
        (folder / name.replace("png", "txt")).write_text("other words")

    assert "what changed is held out" in changed(held)


def test_an_index_that_remembers_captions_alone_claims_no_more(tmp_path):
    def index(key, rows):
        (tmp_path / f"{key}.json").write_text(json.dumps({"rows": rows}))

    index("old", {"x": "1" * 16, "y": "2" * 16})
    index("same", {"x": "1" * 16 + "a" * 16, "y": "2" * 16 + "b" * 16})
    index("turned", {"y": "2" * 16 + "b" * 16, "x": "1" * 16 + "a" * 16})
    index("word", {"x": "1" * 16 + "c" * 16, "y": "2" * 16 + "b" * 16})
    index("picture", {"x": "3" * 16 + "d" * 16, "y": "2" * 16 + "b" * 16})
    assert difference(tmp_path, "old", "same") == ""
    assert difference(tmp_path, "old", "picture") == "1 changed (x)"
    assert difference(tmp_path, "same", "word") == "1 changed (x)"
    assert difference(tmp_path, "same", "turned") == "their order"
