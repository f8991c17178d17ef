"""A pack of latents: each channel as precise as its posterior spread leaves it, and no variance lost or added."""

import json

import numpy as np
import pytest
import torch

from sfumato.errors import CorpusError
from sfumato.train.pack import INDEX, PART, STEP, read_pack, write_pack
from sfumato.train.store import LatentStore

SPREAD = np.array([0.02, 0.03, 0.1, 0.2], np.float32)
"""Of each channel; the first two are below STEP / PART and above it."""


def store(seed, rows):
    """Latents of variance 1 with these spreads, stored raw."""
    array = np.random.default_rng(seed).standard_normal((1, rows, 2, 4, 8, 8)).astype(np.float32)
    array[:, :, 1] = SPREAD[:, None, None]
    return LatentStore(array.astype(np.float16), scale=1.0, shift=0.0)


@pytest.fixture(scope="module")
def stores():
    return {"train": store(1, 200), "val": store(2, 8)}


@pytest.fixture
def pack(stores, tmp_path):
    write_pack(tmp_path / "pack", stores, {"train": (), "val": ()}, {"source": "made up"})
    return tmp_path / "pack"


def every(some):
    return np.arange(len(some)), np.zeros(len(some), bool)


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_latent_comes_back_within_half_a_step(stores, pack, split):
    found, z = read_pack(pack).stores[split], stores[split].mean(*every(stores[split]))
    step = np.maximum(STEP, PART * SPREAD)
    assert found.step == pytest.approx(step, rel=1e-3)
    error = (found.mean(*every(found)) - z).abs().amax(dim=(0, 2, 3)).numpy()
    assert (error <= 0.5001 * step + 1e-6).all()
    assert (error > 0.45 * step).all(), "and no more precisely than that"


def test_what_training_draws_has_the_variance_that_it_had(stores, pack):
    found, given = read_pack(pack).stores["train"], stores["train"]

    def drawn(some):
        return (some.mean(*every(some)).square() + some.spread(*every(some)).square()).mean(dim=(0, 2, 3))

    torch.testing.assert_close(drawn(found), drawn(given), rtol=6e-3, atol=0.0)
    assert (np.array(found.std)[2:] < 0.7 * SPREAD[2:]).all()


def test_a_pack_of_another_version_is_refused(pack):
    index = json.loads((pack / INDEX).read_text("utf-8"))
    (pack / INDEX).write_text(json.dumps(index | {"version": 1, "step": 0.06}), "utf-8")
    with pytest.raises(CorpusError, match="another version; make it again"):
        read_pack(pack)
