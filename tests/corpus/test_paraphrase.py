"""Which keywords are kept from training, and which of them say something new."""

import hashlib

from sfumato.corpus.paraphrase import kept_back, paraphrases, same, without_kept_back
from sfumato.corpus.rows import Row

WORDS = [f"{a}{b}{c}" for a in "bdfgkl" for b in "aeiou" for c in "mnprst"]


def test_a_tenth_is_kept_by_hash_alone():
    kept = [word for word in WORDS if kept_back(word)]
    assert 0.04 < len(kept) / len(WORDS) < 0.17
    assert kept == [word for word in WORDS if hashlib.sha256(word.encode()).digest()[0] < 26]
    assert kept_back(kept[0].upper())


def test_training_and_measuring_share_no_keyword():
    row = Row(position=0, id="a", caption="zebra", keywords=tuple(WORDS))
    shown, asked = without_kept_back(row).keywords, paraphrases(row)
    assert set(shown) | set(asked) == set(WORDS)
    assert not set(shown) & set(asked)


def test_a_word_of_the_caption_says_nothing_new():
    word = next(word for word in WORDS if kept_back(word))
    assert paraphrases(Row(position=0, id="a", caption="a cat", keywords=(word,))) == (word,)
    for caption in (f"a {word}", f"{word.title()}s at night", f"red-{word}"):
        assert paraphrases(Row(position=0, id="a", caption=caption, keywords=(word,))) == ()
    odd = tuple(f"{k}x" for k in range(300))
    assert paraphrases(Row(position=0, id="a", caption="a cat", keywords=odd)) == ()
    assert same("dog", "dogs")
    assert not same("dog", "puppy")
