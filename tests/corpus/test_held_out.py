"""A corpus that names no splits keeps a part away from training: by content, at least one, never any other way."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.corpus.making import in_folder, picture

from sfumato.corpus.content import settled
from sfumato.corpus.detect import read_corpus
from sfumato.corpus.held_out import SHARE, with_held_out
from sfumato.corpus.rows import Gathered, Row
from sfumato.corpus.source import open_source
from sfumato.corpus.split import belongs


def table(count, **fields):
    gathered = Gathered()
    for k in range(count):
        gathered.add(Row(position=k, id=f"{k}", caption="c", **fields))
    return gathered.table(Path("made up"), "made up", lambda rows: iter(()))


def chosen(table, contents):
    return {row.id for row in with_held_out(table, contents).rows if row.split == "val"}


def test_about_three_in_a_hundred_by_content():
    contents = [f"picture {k}" for k in range(10_000)]
    out = chosen(table(10_000), contents)
    assert abs(len(out) - 10_000 * SHARE) < 4 * (10_000 * SHARE) ** 0.5
    backwards = chosen(table(10_000), contents[::-1])
    assert {9999 - int(k) for k in backwards} == {int(k) for k in out}, "the order makes a difference"
    assert chosen(table(5000), contents[:5000]) == {k for k in out if int(k) < 5000}, "other pictures do"


@pytest.mark.parametrize("count", [2, 3, 10, 30])
def test_a_small_set_holds_out_at_least_one(count):
    for trial in range(30):
        rows = with_held_out(table(count), [f"{trial} {k}" for k in range(count)]).rows
        assert 1 <= sum(belongs(row, "val") for row in rows) < count
    assert sum(belongs(row, "tune") for row in rows) >= (count > 3)


def test_one_picture_stays_for_training():
    assert not chosen(table(1), ["only"])
    assert not chosen(table(4), ["same"] * 4)


def test_what_is_no_picture_is_not_the_one_held_out():
    assert all(chosen(table(3), ["", f"a{k}", f"b{k}"]) <= {"1", "2"} for k in range(20))
    assert not any(chosen(table(2), ["", f"a{k}"]) for k in range(20)), "the only picture stays for training"


def test_copies_and_families_stay_together():
    contents = [f"{k // 4}" for k in range(4000)]
    out = chosen(table(4000), contents)
    assert {int(k) // 4 for k in out} == {int(k) // 4 for k in out if int(k) % 4 == 3}
    assert len(out) % 4 == 0
    rows = with_held_out(table(4000), contents).rows
    halves = [{int(r.id) // 4 for r in rows if belongs(r, half)} for half in ("tune", "report")]
    assert all(halves)
    assert not halves[0] & halves[1]
    one = with_held_out(table(50, family="f"), [str(k) for k in range(50)])
    assert {row.split for row in one.rows} == {"train"}


def test_splits_that_the_data_name_are_left_alone():
    named = replace(table(1000), named=True)
    assert with_held_out(named, ["x"] * 1000) is named


def test_training_never_sees_what_is_held_out(tmp_path):
    folder = in_folder(tmp_path / "c", names=[f"thing {k}" for k in range(60)])
    sources = {s: open_source(folder, split=s, size=8, cache=tmp_path / "k") for s in ("train", "val")}
    ids = {name: {row.id for row in source.rows} for name, source in sources.items()}
    assert not ids["train"] & ids["val"]
    assert len(ids["train"] | ids["val"]) == 60


def test_the_content_of_a_folder_is_its_words_and_pictures(tmp_path):
    folder = in_folder(tmp_path / "c")
    keys = [settled(read_corpus(folder))[1]]
    (folder / "0.txt").write_text("other words")
    keys.append(settled(read_corpus(folder))[1])
    (folder / "0.png").write_bytes(picture(99))
    keys.append(settled(read_corpus(folder))[1])
    (folder / "0.txt").write_text("other words\nkeyword")
    keys.append(settled(read_corpus(folder))[1])
    assert len(set(keys)) == 4
    assert settled(read_corpus(folder))[1] == keys[-1]
