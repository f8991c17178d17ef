"""The stored encoder: a round trip, and everything that is refused."""

import io
import json
import pickle
import zipfile

import numpy as np
import pytest
import safetensors.numpy
import torch

from sfumato.errors import CheckpointError
from sfumato.nets.text import TextEncoder
from sfumato.text.blob import load_text_encoder, write_text_encoder

TINY = {"vocabulary": 50, "width": 24, "depth": 2, "heads": 3, "hidden": 40, "positions": 16}


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    encoder = TextEncoder(**TINY)
    draw = torch.Generator().manual_seed(0)
    for weight in encoder.parameters():
        weight.data = torch.randn(weight.shape, generator=draw)
    return encoder


@pytest.fixture(scope="module")
def blob(encoder: TextEncoder) -> bytes:
    return write_text_encoder(encoder, origin={"licence": "Apache-2.0"})


def changed(blob: bytes, *, about: dict | None = None, **tensors: np.ndarray | None) -> bytes:
    """The blob with some options or tensors replaced; None takes a tensor away."""
    length = int.from_bytes(blob[:8], "little")
    head = json.loads(json.loads(blob[8 : 8 + length])["__metadata__"]["sfumato"])
    head["options"] |= (about or {}).pop("options", {})
    every = safetensors.numpy.load(blob) | tensors
    return safetensors.numpy.save(
        {k: v for k, v in every.items() if v is not None}, {"sfumato": json.dumps(head | (about or {}))}
    )


def test_round_trip(encoder: TextEncoder, blob: bytes, tmp_path):
    path = tmp_path / "blob.safetensors"
    path.write_bytes(blob)
    for found in (load_text_encoder(blob), load_text_encoder(path), load_text_encoder(str(path))):
        assert found.options == encoder.options
        assert not found.training
        for name, weight in found.state_dict().items():
            exact = encoder.state_dict()[name]
            if exact.ndim == 1:
                assert torch.equal(weight, exact), name
            else:
                most = exact.abs().amax(1, keepdim=True) / 254
                assert ((weight - exact).abs() <= most * 1.001).all(), name
        assert not any(weight.requires_grad for weight in found.parameters())


def test_written_again_it_is_the_same(encoder: TextEncoder, blob: bytes):
    assert write_text_encoder(encoder, origin={"licence": "Apache-2.0"}) == blob
    assert write_text_encoder(load_text_encoder(blob), origin={"licence": "Apache-2.0"}) == blob


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}))
    return buffer.getvalue()


FOREIGN = {
    "empty": b"",
    "short": b"\x08",
    "pickle": pickle.dumps({"words.weight": [0.0] * 99}),
    "zip": zipped(),
    "huge header": (1 << 60).to_bytes(8, "little") + b"{}",
    "deep header": (200_000).to_bytes(8, "little") + b"[" * 200_000,
    "no header": (40).to_bytes(8, "little") + b"\xff" * 40,
    "other weights": safetensors.numpy.save({"a": np.zeros(3)}),
    "other metadata": safetensors.numpy.save({"a": np.zeros(3)}, {"sfumato": "[]"}),
}


@pytest.mark.parametrize("data", FOREIGN.values(), ids=FOREIGN)
def test_foreign_files_are_refused(data: bytes):
    with pytest.raises(CheckpointError, match="not a Sfumato text encoder"):
        load_text_encoder(data)


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ({"format": "sfumato-unet"}, "holds 'sfumato-unet'"),
        ({"version": 2}, "update Sfumato"),
        ({"options": {"dropout": 0.1}}, "expected exactly the options"),
        ({"options": {"depth": 10**7}}, "impossible"),
        ({"options": {"depth": "2"}}, "impossible"),
        ({"options": {"width": -24}}, "impossible"),
        ({"options": {"heads": 0}}, "impossible"),
        ({"options": {"heads": 5}}, "does not divide"),
        ({"options": {"eps": float("nan")}}, "impossible"),
        ({"options": {"depth": 3}}, "layers.2.* is missing"),
        ({"options": {"depth": 1}}, "layers.1.* is unknown"),
        ({"options": {"vocabulary": 2**23}}, "words.weight is int8"),
    ],
)
def test_wrong_descriptions_are_refused(blob: bytes, about: dict, message: str):
    with pytest.raises(CheckpointError, match=message):
        load_text_encoder(changed(blob, about=about))


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"norm.bias": None}, "'norm.bias' is missing"),
        ({"extra": np.zeros(3, np.float32)}, "'extra' is unknown"),
        ({"norm.bias": np.zeros(23, np.float32)}, "norm.bias is float32"),
        ({"norm.bias": np.zeros(24, np.float64)}, "norm.bias is float64"),
        ({"words.weight": np.zeros((50, 24), np.float32)}, "words.weight is float32"),
        ({"words.weight.scale": np.zeros((50, 1), np.float32)}, "words.weight.scale is float32"),
    ],
)
def test_wrong_tensors_are_refused(blob: bytes, tensors: dict, message: str):
    with pytest.raises(CheckpointError, match=message):
        load_text_encoder(changed(blob, **tensors))


def test_every_cut_is_refused(blob: bytes):
    for length in [*range(0, 4000, 37), *range(4000, len(blob), 401), len(blob) - 1]:
        with pytest.raises(CheckpointError):
            load_text_encoder(blob[:length])


def test_damaged_headers_never_raise_anything_else(blob: bytes):
    length = 8 + int.from_bytes(blob[:8], "little")
    draw = np.random.default_rng(0)
    refused = 0
    for _ in range(300):
        data = bytearray(blob)
        data[draw.integers(length)] ^= 1 << draw.integers(8)
        try:
            load_text_encoder(bytes(data))
        except CheckpointError:
            refused += 1
    assert refused > 200


def test_a_missing_file_is_refused(tmp_path):
    for path in (tmp_path / "none.safetensors", tmp_path):
        with pytest.raises(CheckpointError, match="cannot be read"):
            load_text_encoder(path)
