"""Prompts as tokens: known answers, every odd string, and what the user is told."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.errors import CheckpointError, RecipeError
from sfumato.text.tokenizer import MAX_CHARACTERS, Tokenizer, load_tokenizer, readable, shorten, whole_words

APPLE = ("[CLS]", "a", "red", "apple", ",", "3d", "render", "[SEP]")


def test_known_answer(tokenizer: Tokenizer):
    read = tokenizer("a red apple, 3d render", max_tokens=32)
    assert read.words == APPLE
    assert read.ids == (101, 1037, 2417, 6207, 1010, 7605, 17552, 102)
    assert read.notes == ()


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("", ()),
        (" \n\t", ()),
        ("A RED  apple,\n3d render", APPLE[1:-1]),
        ("extraordinarily", ("extra", "##ord", "##ina", "##rily")),
        ("naïve Café", ("naive", "cafe")),
        ("漢 🦊", ("漢", "[UNK]")),
        ("[SEP] [PAD]", ("[", "sep", "]", "[", "pad", "]")),
        ("nul\0byte \ud800", ("nu", "##lby", "##te")),
        ("\ud83d\udd34 red", ("[UNK]", "red")),
    ],
)
def test_words(tokenizer: Tokenizer, prompt: str, words: tuple[str, ...]):
    assert tokenizer(prompt, max_tokens=32).words == ("[CLS]", *words, "[SEP]")


@given(st.text(st.characters(), max_size=80), st.integers(3, 40))
def test_any_string_fits_the_room(tokenizer: Tokenizer, prompt: str, room: int):
    read = tokenizer(prompt, max_tokens=room)
    assert 2 <= len(read) <= room
    assert len(read.words) == len(read.ids)
    assert (read.ids[0], read.ids[-1]) == (101, 102)
    for note in read.notes:
        note.encode("utf-8")


@given(
    st.lists(st.sampled_from(["red", "extraordinarily", "fox", "漢", "🦊", "unfathomable"]), min_size=1, max_size=40)
)
def test_a_cut_prompt_is_the_whole_words_that_fit(tokenizer: Tokenizer, words: list[str]):
    read, whole = tokenizer(" ".join(words), max_tokens=32), tokenizer(" ".join(words), max_tokens=1000)
    assert read.words[1:-1] == whole.words[1 : len(read) - 1]
    assert read.words == whole.words or not whole.words[len(read) - 1].startswith("##")
    assert any("cut after" in note for note in read.notes) == (len(whole) > 32)


@pytest.mark.parametrize(
    ("prompt", "note"),
    [
        ("one two " * 20, "the prompt is cut after 'two': 30 tokens are read at most, the rest has no effect"),
        ("extraordinarily " * 7 + "huge red fox", "the prompt is cut after 'red'"),
        ("x" * 90, f"the prompt is cut after '{'x' * 40}'"),
        ("🦊 ꙮ", "knows nothing in the prompt"),
        ("🦊 red ꙮ 🦊", "unknown to the text encoder: '🦊', 'ꙮ'"),
        ("\u200b", "nothing in the prompt can be read"),
        ("a\0b \udcff", "not text (NUL or broken Unicode): 2 characters"),
        ("\ufffd red", "1 characters"),
        ("a red apple", None),
        ("", None),
    ],
)
def test_notes(tokenizer: Tokenizer, prompt: str, note: str | None):
    notes = tokenizer(prompt, max_tokens=32).notes
    assert (len(notes) == 0) if note is None else any(note in said for said in notes)


@pytest.mark.parametrize(
    "prompt", ["a" * 1_000_000, "a\n" * 500_000, "🦊" * 250_000, "\0" * 1_000_000, "\ud800" * 10**6]
)
def test_a_megabyte_costs_nothing(tokenizer: Tokenizer, prompt: str):
    start = time.process_time()
    read = tokenizer(prompt, max_tokens=32)
    assert time.process_time() - start < 2.0
    assert len(read) <= 32
    assert read.notes


def test_the_cut_before_tokenising_splits_no_word():
    text = "word " * MAX_CHARACTERS
    assert shorten(text) == "word " * (MAX_CHARACTERS // 5 - 1) + "word"
    assert len(shorten("x" * 2 * MAX_CHARACTERS)) == MAX_CHARACTERS
    assert shorten("short") == "short"


def test_whole_words():
    assert whole_words([0, 1, 1, 1, 2], 5) == 5
    assert whole_words([0, 1, 1, 1, 2], 4) == 4
    assert whole_words([0, 1, 1, 1, 2], 3) == 1
    assert whole_words([0, 0, 0], 2) == 2


def test_readable_joins_pairs():
    assert readable("\ud83c\udf4e\ud83c") == ("🍎", 1)


@pytest.mark.parametrize("prompt", [None, 3, b"red", ["red"]])
def test_only_text_is_a_prompt(tokenizer: Tokenizer, prompt: object):
    with pytest.raises(RecipeError, match="it must be text"):
        tokenizer(prompt, max_tokens=32)  # type: ignore[arg-type]


@pytest.mark.parametrize("data", [b"", b"{}", b"\x80\x04.", b"\xff" * 99, b'{"version":"1.0","model":{"type":"BPE"}}'])
def test_damaged_files_are_refused(data: bytes):
    with pytest.raises(CheckpointError, match=r"not a tokenizer\.json"):
        load_tokenizer(data)


def test_other_families_are_refused():
    other = b'{"version":"1.0","model":{"type":"WordLevel","vocab":{"a":0,"[UNK]":1},"unk_token":"[UNK]"}}'
    with pytest.raises(CheckpointError, match=r"lacks \[CLS\]"):
        load_tokenizer(other)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_tokenizer(tmp_path / "none.json")
