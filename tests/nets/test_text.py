"""The text encoder: against transformers' BertModel, and what masks and cuts may not change."""

import pytest
import torch

from sfumato.adapters.bert import from_bert
from sfumato.errors import AdapterError, ShapeError
from sfumato.nets.text import TextEncoder

TINY = {"vocabulary": 50, "width": 24, "depth": 2, "heads": 3, "hidden": 40, "positions": 16}


def some_ids(seed: int = 0, b: int = 3, length: int = 11) -> tuple[torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(seed)
    ids = torch.randint(1, 50, (b, length), generator=draw)
    lengths = torch.tensor([length, 5, 2])[:b]
    return ids, torch.arange(length) < lengths[:, None]


def bert(**options: object) -> torch.nn.Module:
    """A BertModel of transformers with random weights, its norms and biases included."""
    transformers = pytest.importorskip("transformers", reason="the test group installs transformers")
    config = transformers.BertConfig(
        vocab_size=50, hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=40,
        max_position_embeddings=16, **options,
    )  # fmt: skip
    model = transformers.BertModel(config).eval()
    draw = torch.Generator().manual_seed(3)
    for weight in model.parameters():
        weight.data = torch.randn(weight.shape, generator=draw) * 0.3
    return model


@pytest.mark.parity
@pytest.mark.parametrize("eps", [1e-12, 1e-2])
@torch.no_grad()
def test_agrees_with_transformers(eps: float):
    theirs = bert(layer_norm_eps=eps)
    ours = from_bert(theirs.state_dict(), heads=3, eps=eps)
    ids, mask = some_ids()
    expected = theirs(input_ids=ids, attention_mask=mask.long()).last_hidden_state
    assert expected[mask].std() > 0.1
    torch.testing.assert_close(ours(ids, mask)[mask], expected[mask], atol=1e-5, rtol=1e-5)


@pytest.mark.parity
@torch.no_grad()
def test_a_cut_position_table_changes_nothing_within_it():
    theirs = bert()
    ids, mask = some_ids()
    whole, cut = (from_bert(theirs.state_dict(), heads=3, positions=n) for n in (None, 11))
    assert torch.equal(whole(ids, mask), cut(ids, mask))
    with pytest.raises(ShapeError, match="12 tokens; this encoder has positions for 11"):
        cut(*some_ids(length=12))


@pytest.mark.parity
@pytest.mark.parametrize(
    ("drop", "add", "message"),
    [
        ("embeddings.token_type_embeddings.weight", None, "token_type_embeddings"),
        ("embeddings.word_embeddings.weight", None, "words.weight"),
        ("encoder.layer.1.attention.self.key.bias", None, "layers.1.key.bias"),
        (None, "encoder.layer.0.crossattention.self.key.weight", "crossattention"),
        (None, "cls.predictions.bias", "cls.predictions.bias"),
        (None, "encoder.layer.0.attention.self.gate.weight", "gate"),
    ],
)
def test_every_weight_is_used_or_refused(drop: str | None, add: str | None, message: str):
    state = dict(bert().state_dict())
    if drop:
        del state[drop]
    if add:
        state[add] = torch.zeros(24, 24)
    with pytest.raises(AdapterError, match=message):
        from_bert(state, heads=3)


@torch.no_grad()
def test_what_stands_at_padding_has_no_say():
    encoder = TextEncoder(**TINY).eval()
    ids, mask = some_ids()
    other = torch.where(mask, ids, 7)
    assert not torch.equal(ids, other)
    assert torch.equal(encoder(ids, mask)[mask], encoder(other, mask)[mask])


@torch.no_grad()
def test_the_order_of_words_matters():
    encoder = TextEncoder(**TINY).eval()
    ids, mask = some_ids(b=1)
    there_and_back = encoder(ids.flip(1), mask).flip(1)
    assert (there_and_back - encoder(ids, mask)).abs().max() > 1e-3


def test_gradients_reach_every_weight():
    encoder = TextEncoder(**TINY)
    ids, mask = some_ids()
    encoder(ids, mask)[mask].square().sum().backward()
    # LayerNorm of the last layer makes the sum of squares constant but for its own weights: weigh the features
    encoder.zero_grad()
    (encoder(ids, mask)[mask] * torch.arange(24.0)).sum().backward()
    still = [
        name for name, weight in encoder.named_parameters()
        if not name.endswith("key.bias") and (weight.grad is None or not weight.grad.any())
    ]  # fmt: skip
    assert still == []  # a key's bias moves all scores of a query alike, and the softmax takes it away


def test_heads_must_divide_the_width():
    with pytest.raises(ShapeError, match="24 does not divide into 5 heads"):
        TextEncoder(**(TINY | {"heads": 5}))
