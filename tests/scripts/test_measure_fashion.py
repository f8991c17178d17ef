"""The Fashion-MNIST yardstick, on cases whose answers are known."""

import math
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from tests.corpus.test_idx import write

from by_path import loaded
from sfumato.conditioner import Conditioning
from sfumato.evaluate.likelihood import dequantised
from sfumato.process.parameterisation import V
from sfumato.process.schedules import Cosine
from sfumato.text.nothing import NoText
from sfumato.train.store import to_signed
from sfumato.weights import serialise

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture(scope="module")
def script():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SCRIPTS))
        yield loaded("scripts/measure_fashion.py")
    sys.modules.pop("fashion_ruler", None)


@pytest.fixture
def held(script, tmp_path, monkeypatch):
    monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path / "cache"))
    write(tmp_path / "c", count=24, size=(28, 28))
    write(tmp_path / "c", "t10k", 12, size=(28, 28))
    source, labels = script.opened(tmp_path / "c", "val")
    assert labels.tolist() == [0, 1, 2] * 4
    return source


def test_the_floor_is_the_fd_of_sets_of_one_kind(script):
    draws = np.random.default_rng(0)
    train, test, other = (draws.normal(size=(n, 4)) for n in (2000, 1000, 200))
    floor = script.floor(train, test, 200)
    assert 0.0 < floor.low < floor.value < floor.high < 0.2
    assert floor.low / 2 < script.fd(other, test).value < 2 * floor.high
    shifted = script.fd(other + 1.0, test)
    assert shifted.low > floor.high
    assert shifted.low < shifted.value < shifted.high
    assert shifted.value == pytest.approx(4.0, rel=0.2)


def test_bits_of_white_noise(script, held):
    """v_hat = 0 is the denoiser of N(0, I): the density of each dequantised picture is known."""

    def denoiser(x, level, cond):
        assert isinstance(cond, Conditioning)
        return V().read(0.0 * x, x, level)

    model = SimpleNamespace(bundle=SimpleNamespace(denoiser=denoiser, conditioner=NoText(), schedule=Cosine()))
    options = SimpleNamespace(ode_steps=2, faintest=1e-3, split="report", bits=12, levels=8)
    rows = [1, 5, 6]
    found, bound = script.bits_of(model, held, rows, options)
    assert (bound > found).all(), "few levels, a loose bound"
    y = dequantised(to_signed(held.pictures[rows]).double(), [held.rows[k].position for k in rows])
    nats = 0.5 * y.square().mean(dim=(1, 2, 3)) + 0.5 * math.log(2 * math.pi) + math.log(255 / 2)
    assert found == pytest.approx(nats.numpy() / math.log(2), rel=1e-4)
    for whole in script.bits(model, held, options):
        assert whole.low < whole.value < whole.high


def test_a_ruler_learns_and_comes_back_from_its_file(script, held, tmp_path, monkeypatch):
    import fashion_ruler

    source, labels = fashion_ruler.opened(tmp_path / "c", "train")
    monkeypatch.setattr(fashion_ruler, "BATCH", 8)
    monkeypatch.setattr(fashion_ruler, "EPOCHS", 30)
    net, again = (fashion_ruler.trained(source, labels) for _ in range(2))
    found = script.features(net, source.pictures)
    assert found.shape == (24, 64)
    assert np.array_equal(found, script.features(again, source.pictures))
    assert (net.last(torch.from_numpy(found)).argmax(dim=1) == labels).float().mean() > 0.9
    (tmp_path / fashion_ruler.NAME).write_bytes(serialise(net.state_dict(), "float32"))
    assert np.array_equal(script.features(script.load(tmp_path), held.pictures), script.features(net, held.pictures))


def test_the_sheet_shows_both_sides(script, tmp_path):
    made, real = np.zeros((64, 28, 28, 1), np.uint8), np.full((64, 28, 28, 1), 200, np.uint8)
    script.write_sheet(tmp_path / "s.png", made, real)
    pixels = np.asarray(Image.open(tmp_path / "s.png"))
    assert pixels.shape == (240, 492)
    assert (pixels[4, 4], pixels[4, 300]) == (0, 200)
