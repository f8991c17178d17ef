"""Token states that are remembered: what the encoder says, a function of the text alone, within a limit."""

import pytest
import torch

from sfumato.text.conditioner import TextConditioner
from sfumato.train.remembered import CHUNK, Remembered

TEXTS = [f"{'very ' * k}red apple number {k}, 3d render" for k in range(24)] + ["", "fox", "🦊 face, flat emoji", "fox"]


def states(conditioner, prompts, dtype=torch.float32, **options):
    return Remembered(conditioner, dtype, **options).encode_batch(prompts)


@pytest.mark.parametrize(("dtype", "apart"), [(torch.float32, 2e-5), (torch.bfloat16, 0.1)])
def test_the_states_are_the_encoder_s(conditioner: TextConditioner, dtype, apart):
    theirs, ours = conditioner(TEXTS), states(conditioner, TEXTS, dtype)
    torch.testing.assert_close(ours.tokens, theirs.tokens, atol=apart, rtol=apart)
    assert torch.equal(ours.mask, theirs.mask)
    assert (ours.words, ours.pooled) == (theirs.words, None)
    assert not ours.tokens[~ours.mask].any()
    assert conditioner.encode_batch([]).tokens.shape == states(conditioner, []).tokens.shape


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_no_company_changes_a_bit(conditioner: TextConditioner, dtype, threads):
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        together = states(conditioner, TEXTS, dtype).tokens
        alone = torch.cat([states(conditioner, [text], dtype).tokens for text in TEXTS])
        backwards = states(conditioner, TEXTS[::-1], dtype).tokens.flip(0)
        twice = Remembered(conditioner, dtype)
        twice.encode_batch(TEXTS[5:9])
        again = twice.encode_batch(TEXTS).tokens
    finally:
        torch.set_num_threads(before)
    for other in (alone, backwards, again):
        assert torch.equal(together, other)


def test_a_text_is_encoded_once(conditioner: TextConditioner, monkeypatch):
    asked, inner = [], conditioner.states
    monkeypatch.setattr(conditioner, "states", lambda texts, n: asked.append((len(texts), n)) or inner(texts, n))
    remembered = Remembered(conditioner, torch.float32)
    remembered.encode_batch(["fox", "a red apple, 3d render", "fox", "a fox that is rather large, 3d render"])
    assert asked == [(CHUNK, 8), (CHUNK, 16)]
    remembered.encode_batch(["a red apple, 3d render", "fox"])
    assert len(asked) == 2
    remembered.encode_batch(["hound"])
    assert len(asked) == 3


def test_beyond_the_limit_texts_are_encoded_each_time(conditioner: TextConditioner, monkeypatch):
    asked, inner = [], conditioner.states
    monkeypatch.setattr(conditioner, "states", lambda texts, n: asked.append(n) or inner(texts, n))
    room = Remembered(conditioner, torch.float32, limit=3 * 384 * 4)  # "fox" has three tokens
    first = [room.encode_batch([text]).tokens for text in ("fox", "hound", "fox", "hound")]
    assert len(asked) == 3
    assert torch.equal(first[0], first[2])
    assert torch.equal(first[1], first[3])
