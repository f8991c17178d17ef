"""X-ray with scissors: the blocks that are shown ran, what is cut is missed, and nothing stays cut."""

import numpy as np
import pytest

from sfumato.inspect.scissors import unet_of
from sfumato.studio.denoise import denoise
from sfumato.studio.frames import decode
from sfumato.studio.photo import shipped
from sfumato.studio.xray import in_colour, stations, strongest, xray

ASKED = {"photo": "harbour", "seed": 3, "t": 500, "cut": [], "middle": False, "block": 2}


@pytest.fixture(scope="module")
def answer(tiny_model):
    return denoise(tiny_model, shipped(), seed=3, i=500)


def test_with_nothing_cut_the_guess_is_the_same(tiny_model, answer):
    seen = xray(tiny_model, answer)
    np.testing.assert_array_equal(seen.x0_hat, answer.x0_hat)
    assert seen.numbers() == pytest.approx({"moved": 0.0, "coarse": 1.0, "fine": 1.0})


def test_blocks_are_shown_in_running_order_with_all_their_numbers(tiny_model, answer):
    net, seen = unet_of(tiny_model.bundle.denoiser), xray(tiny_model, answer)
    assert [block.path for block in seen.blocks] == stations(net)
    inside = sum(p.numel() for part in (net.conv_in, net.down, net.mid, net.up) for p in part.parameters())
    lifts = sum(p.numel() for up in net.up if up.upsample is not None for p in up.upsample.parameters())
    assert sum(block.parameters for block in seen.blocks) == inside - lifts
    assert all(block.ms > 0.0 for block in seen.blocks)
    assert seen.blocks[0].strength == pytest.approx(np.sqrt(np.mean(seen.blocks[0].activations ** 2)), rel=1e-5)


@pytest.mark.parametrize("what", [{"skips": [0]}, {"skips": [3]}, {"middle": True}])
def test_what_is_cut_is_missed_and_nothing_stays_cut(tiny_model, answer, what):
    seen = xray(tiny_model, answer, **what)
    assert seen.moved > 1e-3
    assert seen.moved == pytest.approx(np.sqrt(np.mean((seen.x0_hat - answer.x0_hat) ** 2)), rel=1e-4)
    again = denoise(tiny_model, shipped(), seed=3, i=500)
    np.testing.assert_array_equal(again.x0_hat, answer.x0_hat)


def test_colours_are_principal_components():
    one, other = (np.outer(np.sin(np.arange(8.0) * f), np.ones(8)).astype(np.float32) for f in (1.0, 2.0))
    shown = in_colour(np.stack([3.0 * one, other.T, np.zeros_like(one)]))
    assert abs(np.corrcoef(shown[0].ravel(), one.ravel())[0, 1]) == pytest.approx(1.0)
    assert abs(np.corrcoef(shown[1].ravel(), other.T.ravel())[0, 1]) == pytest.approx(1.0)
    assert np.abs(shown).max() <= 1.0
    assert in_colour(np.ones((2, 4, 4), np.float32)).shape == (3, 4, 4)


def test_the_strongest_come_first():
    maps = np.array([1.0, -3.0, 2.0], np.float32)[:, None, None] * np.ones((3, 2, 2), np.float32)
    np.testing.assert_array_equal(strongest(maps, 2)[:, 0, 0], [-3.0, 2.0])


def test_the_api_says_the_same(client, tiny_model, answer):
    frame, _ = decode(client.post("/api/v1/xray", json=ASKED | {"cut": [0], "middle": True}).content)
    seen = xray(tiny_model, answer, skips=[0], middle=True)
    chosen = seen.blocks[2]
    assert frame.header["numbers"] == pytest.approx(seen.numbers() | {"strength": chosen.strength}, rel=1e-4, abs=1e-6)
    assert [block["path"] for block in frame.header["blocks"]] == [block.path for block in seen.blocks]
    assert frame.header["chosen"] == chosen.path
    assert len(frame.header["links"]) == 4
    np.testing.assert_allclose(frame.arrays["channels"], strongest(chosen.activations), atol=1e-4)
    np.testing.assert_allclose(frame.arrays["cut"], seen.guess, atol=2e-3)


@pytest.mark.parametrize("change", [{"cut": [9]}, {"cut": 1}, {"cut": ["0"]}, {"middle": 1}, {"t": 0}, {"block": -1}])
def test_what_cannot_be_is_refused(client, change):
    assert client.post("/api/v1/xray", json=ASKED | change).status_code == 400


def test_scissors_and_blocks_by_keyboard(read):
    reader = read()
    figure = reader.figure("xray")
    reader.settled("xray")
    assert reader.readouts("xray")["moved"] == 0.0
    figure.get_by_role("button", name="Cut link 1").press("Enter")
    reader.settled("xray")
    cut_one = reader.readouts("xray")
    assert cut_one["moved"] > 1e-3
    figure.locator(".station").nth(3).press("Enter")
    reader.settled("xray")
    assert reader.readouts("xray")["strength"] != cut_one["strength"]
    figure.get_by_role("button", name="Join all again").press("Enter")
    reader.settled("xray")
    assert reader.readouts("xray")["moved"] == 0.0
