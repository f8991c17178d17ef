"""Byte pairs: nothing is unknown, what is learnt depends on the texts alone, pieces are spelt as people read them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.errors import CheckpointError, RecipeError
from sfumato.text.bytepair import END, SMALLEST, START, bytepair, learn, read_bytepair
from sfumato.text.tokenizer import load_tokenizer

TEXTS = [
    "a red apple",
    "red apples",
    "a green apple",
    "dog face",
    "hot dog",
    "dogs",
    "3d render",
    "flat emoji",
    "a dog",
]


@pytest.fixture(scope="module")
def tokenizer():
    return load_tokenizer(learn(TEXTS, 600))


def test_words_that_come_often_are_one_token(tokenizer):
    read = tokenizer("A red  DOG, 3d!", max_tokens=32)
    assert read.words == (START, "a", "red", "dog", ",", "3", "d", "!", END)
    assert read.notes == ()
    assert (read.ids[0], read.ids[-1]) == (0, 1)


def test_pieces_inside_a_word_are_marked(tokenizer):
    words = tokenizer("doggy", max_tokens=32).words[1:-1]
    assert len(words) > 1
    assert all(word.startswith("##") for word in words[1:])
    assert "".join(word.removeprefix("##") for word in words) == "doggy"


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40))
def test_nothing_is_unknown(tokenizer, text):
    """No piece is the unknown token, and the pieces spell the text's bytes."""
    pieces = tokenizer.engine.encode(text, add_special_tokens=False)
    assert tokenizer.unk not in pieces.ids
    normal = tokenizer.engine.normalizer.normalize_str(text)
    inside = bytes(ALPHABET[letter] for piece in pieces.tokens for letter in piece.removesuffix("</w>"))
    assert inside.decode() == "".join(normal.split())


def byte_letters():
    """The letters that stand for bytes: printable ones for themselves, the rest from 256 on (Radford et al. 2019)."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + k): byte for k, byte in enumerate(rest)}


ALPHABET = byte_letters()


@pytest.mark.parametrize("text", ["🦊", "日本", "naïve", "\u200b", "\x07"])
def test_odd_signs_are_bytes(tokenizer, text):
    read = tokenizer(text, max_tokens=32)
    assert len(read) > 2
    assert tokenizer.unk not in read.ids[1:-1]


def test_special_tokens_spelt_out_are_text(tokenizer):
    read = tokenizer(f"a {END} b", max_tokens=64)
    assert read.ids.count(tokenizer.sep) == 1


def test_a_long_prompt_is_cut_between_words(tokenizer):
    read = tokenizer("doggy " * 20, max_tokens=12)
    assert len(read) <= 12
    assert "cut after 'doggy'" in read.notes[0]


def test_what_is_learnt_depends_on_the_set_of_texts_alone():
    data = learn(TEXTS, 600)
    assert learn([*TEXTS[::-1], "a dog"], 600) == data
    assert learn([*TEXTS, "render a red render"], 600) != data


def test_ties_fall_the_same_way_every_time():
    """All pairs come equally often here; the library's own numbering of bytes would leave the order to chance."""
    texts = [f"{a}{b} {a}{b}" for a in "abcdefghij" for b in "klmnopqrst"]
    assert len({learn(texts, 580) for _ in range(8)}) == 1


def test_the_size_is_kept_and_holds_every_byte():
    assert len(load_tokenizer(learn(TEXTS, 520))) == 520
    assert len(load_tokenizer(learn([], SMALLEST))) == SMALLEST
    with pytest.raises(RecipeError, match="give at least 514"):
        learn(TEXTS, SMALLEST - 1)


def test_a_folder_of_vocabulary_and_merges(tmp_path):
    model = json.loads(learn(TEXTS, 560))["model"]
    (tmp_path / "vocab.json").write_text(json.dumps(model["vocab"]))
    lines = [" ".join(pair) for pair in model["merges"]]
    (tmp_path / "merges.txt").write_text("\n".join(["#version: 0.2", *lines, ""]))
    read, own = (load_tokenizer(data) for data in (read_bytepair(tmp_path), learn(TEXTS, 560)))
    assert read("a red doggy, 3d", max_tokens=32) == own("a red doggy, 3d", max_tokens=32)
    (tmp_path / "merges.txt").write_text("one two three")
    with pytest.raises(CheckpointError, match="two pieces a line"):
        read_bytepair(tmp_path)
    (tmp_path / "vocab.json").write_text("{}")
    with pytest.raises(CheckpointError, match="no tokenizer of the CLIP family"):
        read_bytepair(tmp_path)
    (tmp_path / "vocab.json").unlink()
    with pytest.raises(CheckpointError, match=r"needs a readable vocab\.json"):
        read_bytepair(tmp_path)
    for text in ("[]", "{}", '{"model": {"vocab": 3, "merges": 4}}', '{"model": {"vocab": {}, "merges": [[1, 2, 3]]}}'):
        (tmp_path / "tokenizer.json").write_text(text)
        with pytest.raises(CheckpointError):
            read_bytepair(tmp_path)


def test_merges_of_unknown_pieces_are_refused():
    with pytest.raises(CheckpointError, match="do not fit each other"):
        bytepair({START: 0, END: 1}, [("a", "b")])
