"""CLIP's text encoder and tokenizer against the transformers package, from a folder in its layout."""

import json

import pytest
import torch

from sfumato.adapters.clip import from_clip, is_clip, our_name, read_clip
from sfumato.errors import AdapterError, CheckpointError
from sfumato.text.bytepair import learn
from sfumato.text.conditioner import TowerConditioner
from sfumato.text.tokenizer import load_tokenizer
from sfumato.text.tower_blob import load_tower
from sfumato.train.frozen_parts import load_conditioner

transformers = pytest.importorskip("transformers")
pytestmark = pytest.mark.parity

PROMPTS = [
    "a red apple, 3d render", "", "A  Purple CAT!!  wearing\ta hat", "don't we'll I'm they've it's", "42 cats",
    "naïve café Ünïcode", "🦊🍎 fox and apple", "日本語 のテキスト", "hello-world_foo.bar@baz", "<start> [CLS] {x}",
    "\u200bzero", "ça va? ¿qué?", "ﬁ ligature", "x" * 30, "'s 't ''", "tab\nnew line", "e\u0301 combining",
    "1234567890", "...?!,;:", "7th floor\xa0here", "½ cup", "İstanbul", "ẞ straße", "flag: 🇫🇷", "👩‍💻 coder",
]  # fmt: skip
TEXTS = ["a red apple", "red apples", "a purple cat", "cats", "wearing a hat", "hats", "3d render", "render", "we will"]


def write_folder(folder, activation, whole):
    """A random CLIP text encoder, alone or in a whole CLIPModel, as transformers writes it, and a tokenizer's files."""
    tokenizer = json.loads(learn(TEXTS, 600))["model"]
    vocabulary = tokenizer["vocab"]
    text = {
        "vocab_size": len(vocabulary), "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3,
        "num_attention_heads": 4, "max_position_embeddings": 40, "hidden_act": activation, "projection_dim": 16,
        "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1,
    }  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(7)
        if whole:
            vision = {
                "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
                "image_size": 16, "patch_size": 8, "projection_dim": 16,
            }  # fmt: skip
            model = transformers.CLIPModel(transformers.CLIPConfig(text_config=text, vision_config=vision))
            theirs = model.text_model
        else:
            model = theirs = transformers.CLIPTextModel(transformers.CLIPTextConfig(**text))
        for weight in model.parameters():
            weight.data = weight.data + 0.05 * torch.randn(weight.shape)
    model.save_pretrained(folder)
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    merges = [" ".join(pair) for pair in tokenizer["merges"]]
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]) + "\n")
    fast = transformers.CLIPTokenizer(vocab=vocabulary, merges=[tuple(pair) for pair in tokenizer["merges"]])
    return theirs.eval(), fast


@torch.no_grad()
@pytest.mark.parametrize(("activation", "whole"), [("quick_gelu", False), ("gelu", False), ("quick_gelu", True)])
def test_the_folder_gives_the_same_states_and_tokens(tmp_path, activation, whole):
    theirs, fast = write_folder(tmp_path, activation, whole)
    assert is_clip(tmp_path)
    weights, tokenizer = read_clip(tmp_path)
    ours = TowerConditioner(load_tower(weights), load_tokenizer(tokenizer), max_tokens=40)
    for prompt in PROMPTS:
        read = ours.tokenizer(prompt, max_tokens=1000)
        assert list(read.ids) == fast(prompt)["input_ids"], prompt
        ids = torch.tensor([(*read.ids[:39], 1) if len(read) > 40 else read.ids])
        expected = theirs(input_ids=ids, attention_mask=torch.ones_like(ids))
        found = ours.encoder(ids, torch.ones_like(ids, dtype=torch.bool))
        torch.testing.assert_close(found, expected.last_hidden_state, rtol=0, atol=1e-5)
        cond = ours([prompt])
        if len(read) <= 40:
            torch.testing.assert_close(cond.pooled, expected.pooler_output, rtol=0, atol=1e-5)
    (tmp_path / "vocab.json").unlink()
    assert not is_clip(tmp_path)
    fast.save_pretrained(tmp_path)
    (tmp_path / "vocab.json").unlink(missing_ok=True)
    assert is_clip(tmp_path)
    assert read_clip(tmp_path) == (weights, tokenizer)
    states = load_conditioner({"kind": "tower", "max_tokens": 40, "folder": str(tmp_path)}, torch.device("cpu"))
    torch.testing.assert_close(states(PROMPTS[:1]).tokens, ours(PROMPTS[:1]).tokens, rtol=0, atol=0)


def test_foreign_weights_and_folders_are_refused(tmp_path):
    assert our_name("text_model.encoder.layers.0.mlp.fc1.bias") == "layers.0.up.bias"
    with pytest.raises(AdapterError, match=r"'unet\.conv' is not a weight of CLIP"):
        our_name("unet.conv")
    with pytest.raises(AdapterError, match="missing"):
        from_clip({}, heads=2)
    with pytest.raises(AdapterError, match="hidden_act is 'relu'"):
        from_clip({}, heads=2, activation="relu")
    assert not is_clip(tmp_path)
    with pytest.raises(CheckpointError, match=r"set text\.folder to a folder"):
        load_conditioner({"kind": "tower", "folder": str(tmp_path)}, torch.device("cpu"))
    with pytest.raises(CheckpointError, match=r"needs a readable config\.json"):
        read_clip(tmp_path)
    for config, message in (
        ([], "is no table"),
        ({"model_type": "t5"}, "holds a 't5'"),
        ({"num_attention_heads": 0}, "describe no encoder"),
    ):
        (tmp_path / "config.json").write_text(json.dumps(config))
        (tmp_path / "model.safetensors").write_bytes(b"")
        with pytest.raises(AdapterError, match=message):
            read_clip(tmp_path)
