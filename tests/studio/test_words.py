"""A prompt word by word: how it is read, what leaving a word out does, and the prompt's bits, in figure 3.1 too."""

import numpy as np
import pytest

from sfumato.process.forward import snr
from sfumato.samplers.base import Step
from sfumato.studio.frames import decode
from sfumato.studio.prompted import kept, read, settings, steered, turned, without

PROMPT = "a red apples , cat"


def whole(model, prompt, **options):
    *steps, found = steered(model, prompt, **settings(model, seed=3, **options))
    return steps, found


def test_words_know_their_tokens(tiny_model):
    found = read(tiny_model, "a red apples")
    assert [text for text, _ in found.tokens] == ["[CLS]", "a", "red", "apple", "##s", "[SEP]"] or len(found.tokens) > 4
    texts = [[found.tokens[p][0] for p in places] for places in found.places]
    assert "".join(texts[2]).replace("##", "") in ("apples", "[UNK]")
    assert sum(map(len, found.places)) == len(found.tokens) - 2
    ids = tiny_model.bundle.conditioner.read(["a red apples"])[0].ids
    assert tuple(number for _, number in found.tokens) == ids
    assert found.states.shape == (len(ids), 16)
    np.testing.assert_allclose(found.vector(1), found.states[2])


def test_words_past_the_end_of_what_is_read_have_none(tiny_model):
    found = read(tiny_model, "a red apple a green pear a cat")
    assert len(found.words) == 8
    assert found.places[-1] == ()
    assert (found.vector(7) == 0).all()


def test_leaving_a_word_out_turns_the_others(tiny_model):
    turns = turned(tiny_model, "a red apple", (1,))
    assert turns[1] is None
    assert turns[2] > 1e-4
    assert turned(tiny_model, "a red apple", ()) == pytest.approx([0, 0, 0], abs=1e-9)
    assert kept("a  red apple", (0, 2)) == "red"


def test_bits_are_the_divergence_of_the_two_ways_on(tiny_model):
    steps, found = whole(tiny_model, "a red apple", steps=4)
    assert all(isinstance(step, Step) for step in steps)
    by_hand = []
    for step in steps[:-1]:
        cond, null = (step.prediction.terms[name].x0_hat.double().numpy() for name in ("cond", "null"))
        before = 0.0 if float(step.here.alpha) == 0.0 else snr(step.here)
        by_hand.append(0.5 * (snr(step.there) - before) * ((cond - null) ** 2).sum() / np.log(2))
    assert found.bits == pytest.approx(by_hand, rel=1e-4)
    assert found.cells.sum() == pytest.approx(sum(by_hand), rel=1e-6)
    assert found.numbers() == pytest.approx({"bits": sum(by_hand), "early": sum(by_hand[:2]) / sum(by_hand)}, rel=1e-4)


def test_a_prompt_that_says_nothing_has_no_bits(tiny_model):
    _, found = whole(tiny_model, "a cat", negative="a cat", steps=3)
    assert found.numbers() == {"bits": 0.0, "early": 0.0}


def test_the_picture_is_the_models(tiny_model):
    _, found = whole(tiny_model, "a red apple", negative="a cat", steps=3)
    (drawn,) = tiny_model.generate("a red apple", **settings(tiny_model, seed=3, negative="a cat", steps=3))
    seen = np.rint(127.5 * (found.picture.clip(-1, 1) + 1)).transpose(1, 2, 0)
    assert np.abs(seen - np.asarray(drawn.image)).max() <= 1
    (one,) = without(tiny_model, "a red apple", (1,), **settings(tiny_model, seed=3, steps=3))
    (same,) = without(tiny_model, "a green apple", (1,), **settings(tiny_model, seed=3, steps=3))
    np.testing.assert_array_equal(one.picture, same.picture)


def test_the_api_says_the_same(client, tiny_model):
    said, _ = decode(client.post("/api/v1/words", json={"prompt": "a red apple", "off": [1]}).content)
    assert said.header["turns"] == pytest.approx(turned(tiny_model, "a red apple", (1,)))
    assert said.header["length"] == 5
    body = {"prompt": "a red apple", "off": [1], "seed": 3, "other": "a cat", "share": 0.5}
    *steps, picture, _ = decode(client.post("/api/v1/words/draw", json=body).content)
    _, ours = whole(tiny_model, "a apple", between={"prompt": "a cat", "seed": 3, "share": 0.5})
    assert [frame.header["i"] for frame in steps] == list(range(10))
    assert picture.header["numbers"] == pytest.approx(ours.numbers(), rel=1e-4)
    np.testing.assert_allclose(picture.arrays["x"], ours.picture, atol=2e-3)
    frames = list(decode(client.post("/api/v1/words/without", json={"prompt": "a cat", "seed": 3}).content))
    assert [frame.header.get("word") for frame in frames] == [-1, 0, 1, None]
    assert frames[0].header["apart"] == 0 < frames[1].header["apart"]


@pytest.mark.parametrize(
    "body", [{"prompt": "a " * 17}, {"prompt": "a", "off": 1}, {"prompt": "a", "off": [99]}, {"prompt": 1}, {"word": 1}]
)
def test_what_cannot_be_is_refused(client, body):
    assert client.post("/api/v1/words", json=body).status_code == 400


def test_a_share_is_within_the_way(client):
    body = {"prompt": "a", "seed": 1, "share": 1.5}
    assert client.post("/api/v1/words/draw", json=body).status_code == 400


def test_a_word_is_switched_off_by_keyboard(read):
    reader = read()
    figure = reader.figure("words")
    reader.settled("words")
    before = reader.readouts("words")
    chip = figure.locator("button.chip").nth(1)
    chip.press("Space")
    reader.settled("words")
    assert chip.get_attribute("aria-pressed") == "false"
    after = reader.readouts("words")
    assert before["turned"] < 1e-9 < after["turned"]
    assert after["bits"] != before["bits"]
    figure.get_by_role("button", name="Leave out each word").click()
    figure.locator(".many-words > div").nth(len(figure.locator("button.chip").all())).wait_for()
    reader.settled("words")
    assert reader.said == []
