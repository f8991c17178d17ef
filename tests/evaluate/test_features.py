"""The ruler that ships: its name is its hash, and it says what the published weights say."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import safetensors.torch

from sfumato.checkpoint import BLOBS
from sfumato.corpus.decode import over_white
from sfumato.corpus.source import Source
from sfumato.errors import CheckpointError
from sfumato.evaluate import features as module
from sfumato.evaluate.features import BYTES, SHA256, SIZE, load_features, remembered
from sfumato.weights import sha256

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def features():
    return load_features()


@pytest.fixture(scope="module")
def pictures():
    columns = pq.read_table(ROOT / "tests" / "data" / "glyphs.parquet", columns=["image"]).to_pydict()
    return np.stack([over_white(data, SIZE) for data in columns["image"][:3]])


def test_its_name_is_its_hash():
    data = (BLOBS / f"{SHA256}.safetensors").read_bytes()
    assert (sha256(data), len(data)) == (SHA256, BYTES)


def test_it_agrees_with_the_published_weights(features, pictures):
    """Folded batch norms in float16, against the package's own float32 (scripts/effnet_lite0.py --golden)."""
    golden = safetensors.torch.load_file(ROOT / "tests" / "golden" / "lite0_features.safetensors")["features"].numpy()
    found = features(pictures)
    error = np.linalg.norm(found - golden, axis=1) / np.linalg.norm(golden, axis=1)
    assert error.max() < 0.02


def test_a_picture_does_not_depend_on_its_company(features, pictures):
    np.testing.assert_allclose(features(pictures)[1:2], features(pictures[1:2]), atol=1e-4)


def test_damaged_weights_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BLOBS", tmp_path)
    with pytest.raises(CheckpointError, match="get the model again"):
        load_features()
    (tmp_path / f"{SHA256}.safetensors").write_bytes(bytes(BYTES))
    with pytest.raises(CheckpointError, match="sha256"):
        load_features()


def test_features_of_a_corpus_are_computed_once(pictures, tmp_path):
    calls = []

    class Counting:
        def __call__(self, pictures, progress=None):
            calls.append(len(pictures))
            return pictures.reshape(len(pictures), -1)[:, :4].astype(np.float32)

    source = Source("three", "key", (None,) * 3, pictures, ())
    first = remembered(source, Counting(), tmp_path / "cache")
    again = remembered(source, Counting(), tmp_path / "cache")
    assert calls == [3]
    assert np.array_equal(first, again)
    assert len(list((tmp_path / "cache").iterdir())) == 1
