"""Prompts to token states: one shape, no neighbour has a say, padding is nothing."""

import subprocess
import sys

import pytest
import torch

from sfumato.conditioner import Conditioner
from sfumato.errors import RecipeError
from sfumato.text.conditioner import TextConditioner

PROMPTS = [
    "a red apple, 3d render",
    "",
    "extraordinarily happy fox face, flat emoji",
    "🦊",
    "one two " * 30,
    "a red apple, 3d render",
]


def test_shape_mask_words(conditioner: TextConditioner):
    cond = conditioner(PROMPTS)
    assert isinstance(conditioner, Conditioner)
    assert (cond.tokens.shape, cond.tokens.dtype) == ((6, 32, 384), torch.float32)
    assert (cond.mask.shape, cond.mask.dtype) == ((6, 32), torch.bool)
    assert cond.mask.sum(1).tolist() == [8, 2, 14, 3, 32, 8] == [len(words) for words in cond.words]
    assert cond.words[0] == ("[CLS]", "a", "red", "apple", ",", "3d", "render", "[SEP]")
    assert cond.words[1] == ("[CLS]", "[SEP]")
    assert not (cond.mask[:, 1:] & ~cond.mask[:, :-1]).any()
    assert not cond.tokens[~cond.mask].any()
    assert cond.tokens[cond.mask].norm(dim=-1).min() > 1
    assert not cond.tokens.requires_grad


@pytest.mark.parametrize("threads", [1, 2])
def test_no_neighbour_has_a_say(conditioner: TextConditioner, threads: int):
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        prompts = PROMPTS[2:]
        together = conditioner(prompts).tokens
        alone = torch.cat([conditioner([prompt]).tokens for prompt in prompts])
        backwards = conditioner(prompts[::-1]).tokens.flip(0)
    finally:
        torch.set_num_threads(before)
    assert torch.equal(together, alone)
    assert torch.equal(together, backwards)
    assert not torch.equal(together[0], together[1])


def test_batches_agree_to_rounding(conditioner: TextConditioner):
    one_by_one, batch = conditioner(PROMPTS), conditioner.encode_batch(PROMPTS)
    torch.testing.assert_close(batch.tokens, one_by_one.tokens, atol=2e-5, rtol=1e-5)
    assert torch.equal(batch.mask, one_by_one.mask)
    assert batch.words == one_by_one.words


@pytest.mark.parametrize("call", ["__call__", "encode_batch"])
def test_no_prompts_at_all(conditioner: TextConditioner, call: str):
    cond = getattr(conditioner, call)([])
    assert (cond.tokens.shape, cond.mask.shape, cond.words) == ((0, 32, 384), (0, 32), ())


def test_what_cannot_be_read_is_the_empty_prompt(conditioner: TextConditioner):
    cond = conditioner(["", "\0\ud800", " \n"])
    assert torch.equal(cond.tokens[0], cond.tokens[1])
    assert torch.equal(cond.tokens[0], cond.tokens[2])


def test_notes(conditioner: TextConditioner):
    assert conditioner.notes("a red apple") == ()
    assert "cut after 'two'" in conditioner.notes("one two " * 30)[0]


def test_two_colours_differ(conditioner: TextConditioner):
    red, green = conditioner(["a red apple", "a green apple"]).tokens
    assert torch.cosine_similarity(red[2], green[2], dim=0) < 0.8


def test_one_string_is_not_a_list_of_prompts(conditioner: TextConditioner):
    with pytest.raises(RecipeError, match="put it in a list"):
        conditioner("a red apple")


@pytest.mark.parametrize("max_tokens", [0, 2, 129, "32", True, None])
def test_impossible_lengths_are_refused(conditioner: TextConditioner, max_tokens: object):
    with pytest.raises(RecipeError, match="this text encoder takes 3 to 128"):
        TextConditioner(conditioner.encoder, conditioner.tokenizer, max_tokens=max_tokens)  # type: ignore[arg-type]


def test_other_lengths(conditioner: TextConditioner):
    longer = TextConditioner(conditioner.encoder, conditioner.tokenizer, max_tokens=128)(["one two " * 30])
    assert longer.tokens.shape == (1, 128, 384)
    assert longer.mask.sum() == 62


def test_imports():
    code = (
        "import sys, sfumato.conditioner, sfumato.text, sfumato.text.tokenizer; assert 'torch' not in sys.modules;"
        "import sfumato.text.conditioner, sfumato.text.blob; assert 'transformers' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
