"""The stored tower: a round trip, a conditioner from it, and what is refused."""

import json

import pytest
import safetensors.torch
import torch

from sfumato.conditioner import Conditioner
from sfumato.errors import CheckpointError
from sfumato.nets.tower import TextTower
from sfumato.parts import build_conditioner
from sfumato.text.blob import load_text_encoder
from sfumato.text.bytepair import learn
from sfumato.text.tower_blob import load_tower, write_tower
from tiny import randomised

TINY = {"vocabulary": 560, "width": 24, "depth": 2, "heads": 3, "hidden": 40, "positions": 16}
TEXTS = ["a red apple", "a green apple", "red", "apple", "3d render"]


@pytest.fixture(scope="module")
def tower():
    return randomised(TextTower(**TINY, attend="causal", activation="quick_gelu"), 5)


def edited(blob, **changes):
    """The blob with some of its description changed."""
    length = int.from_bytes(blob[:8], "little")
    about = json.loads(json.loads(blob[8 : 8 + length])["__metadata__"]["sfumato"])
    about["options"] |= changes.pop("options", {})
    return safetensors.torch.save(safetensors.torch.load(blob), {"sfumato": json.dumps(about | changes)})


@pytest.mark.parametrize(("dtype", "error"), [("float32", 0.0), ("float16", 1e-3)])
def test_round_trip(tower, dtype, error, tmp_path):
    data = write_tower(tower, origin={"source": "random"}, dtype=dtype)
    assert data == write_tower(tower, origin={"source": "random"}, dtype=dtype)
    path = tmp_path / "tower.safetensors"
    path.write_bytes(data)
    for found in (load_tower(data), load_tower(path)):
        assert found.options == tower.options
        assert not any(weight.requires_grad for weight in found.parameters())
        for name, weight in found.state_dict().items():
            torch.testing.assert_close(weight, tower.state_dict()[name], rtol=error, atol=error)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"options": {"depth": 3}}, "'layers.2.down.bias' is None"),
        ({"options": {"depth": 1000}}, "impossible text tower"),
        ({"options": {"heads": 5}}, "does not divide"),
        ({"options": {"width": "24"}}, "impossible text tower"),
        ({"options": {"attend": "backwards"}}, "impossible text tower"),
        ({"options": {"eps": 0.0}}, "impossible text tower"),
        ({"options": {"bias": 1}}, "exactly the options"),
        ({"options": {"hidden": 41}}, "expected"),
        ({"version": 2}, "update Sfumato"),
        ({"format": "sfumato-text-encoder"}, "expected 'sfumato-text-tower'"),
    ],
)
def test_what_does_not_fit_is_refused(tower, changes, message):
    with pytest.raises(CheckpointError, match=message):
        load_tower(edited(write_tower(tower, origin={}), **changes))


def test_the_two_families_are_not_confused(tower):
    with pytest.raises(CheckpointError, match="expected 'sfumato-text-encoder'"):
        load_text_encoder(write_tower(tower, origin={}))
    with pytest.raises(CheckpointError, match="not a Sfumato text encoder"):
        load_tower(b"\x80\x04 a pickle of some sort")


def test_the_conditioner_of_a_model_folder(tower):
    parts = write_tower(tower, origin={}, dtype="float32"), learn(TEXTS, TINY["vocabulary"])
    conditioner = build_conditioner({"kind": "tower", "max_tokens": 12}, *parts)
    assert isinstance(conditioner, Conditioner)
    prompts = ["a red apple", "", "a green apple, 3d render"]
    cond = conditioner(prompts)
    assert (cond.tokens.shape, cond.pooled.shape) == ((3, 12, 24), (3, 24))
    assert cond.mask.sum(dim=1).tolist() == [len(words) for words in cond.words]
    for k, words in enumerate(cond.words):
        assert torch.equal(cond.pooled[k], cond.tokens[k, len(words) - 1])
    torch.testing.assert_close(conditioner([prompts[2]]).pooled[0], cond.pooled[2], rtol=0, atol=0)
    batch = conditioner.encode_batch(prompts)
    torch.testing.assert_close(batch.pooled, cond.pooled, rtol=1e-4, atol=1e-5)
    assert conditioner([]).pooled.shape == (0, 24)
    assert (cond + cond).pooled.shape == (6, 24)


def test_a_tower_smaller_than_its_tokenizer_is_refused(tower):
    parts = write_tower(tower, origin={}), learn([f"{a}{b} {a}{b}" for a in "abcdefgh" for b in "ijklmnop"] * 2, 600)
    with pytest.raises(CheckpointError, match="not a pair"):
        build_conditioner({"kind": "tower", "max_tokens": 16}, *parts)
