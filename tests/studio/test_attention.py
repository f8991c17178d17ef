"""Who looks at which word, and whether it matters: in Python, over the API, and in figure 3.2."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import scipy.stats

from sfumato.pipeline import encode
from sfumato.studio.attention import hidden, laid_out, look, spearman
from sfumato.studio.denoise import denoise
from sfumato.studio.frames import decode
from sfumato.studio.photo import shipped

ASKED = {"photo": "harbour", "seed": 3, "t": 400, "prompt": "a red apple"}


@pytest.fixture(scope="module")
def looked(tiny_model):
    return look(tiny_model, shipped(), seed=3, i=400, prompt="a red apple")


def test_the_answer_is_the_plain_one_and_looks_add_up(tiny_model, looked):
    plain = denoise(tiny_model, shipped(), seed=3, i=400, prompt="a red apple")
    np.testing.assert_allclose(looked.belief.x0_hat[0], plain.x0_hat, atol=1e-4)
    assert looked.tokens == ("[CLS]", "a", "red", "apple", "[SEP]")
    for weights in looked.layers.values():
        assert weights.shape[1] == 5
        np.testing.assert_allclose(weights.sum(1), 1.0, atol=1e-5)
    assert sum(looked.numbers(k)["share"] for k in range(5)) == pytest.approx(1.0)


def test_a_map_is_of_a_layer_and_a_head_or_the_mean_of_them(looked):
    name = next(iter(looked.layers))
    weights = looked.layers[name]
    np.testing.assert_allclose(looked.map(2, name, 1), weights[1, 2])
    np.testing.assert_allclose(looked.map(2, name), weights[:, 2].mean(0), atol=1e-7)
    np.testing.assert_allclose(looked.map(2), np.mean([looked.map(2, one) for one in looked.layers], 0), atol=1e-7)


def test_coarser_layers_are_laid_over_finer_ones(looked):
    fine = np.zeros((1, 5, 4, 4), np.float32)
    coarse = np.arange(20, dtype=np.float32).reshape(1, 5, 2, 2)
    found = replace(looked, layers={"fine": fine, "coarse": coarse}, changes=np.ones((5, 8, 8), np.float32)).map(1)
    np.testing.assert_allclose(found, [[2, 2, 2.5, 2.5]] * 2 + [[3, 3, 3.5, 3.5]] * 2)
    places = np.arange(8, dtype=np.float32).reshape(1, 8, 1)
    np.testing.assert_array_equal(laid_out(places, (8, 4))[0, 0], np.arange(8).reshape(4, 2))


def test_a_hidden_token_is_not_there(tiny_model, looked):
    """The same as the network without that token's vector at all."""
    cond = encode(tiny_model.bundle.conditioner, ["a red apple"])
    alone = replace(cond, tokens=cond.tokens[:, [0, 1, 3, 4]], mask=cond.mask[:, [0, 1, 3, 4]])
    without = tiny_model.bundle.denoiser(looked.belief.x_t, looked.belief.level, alone)
    gap = (without.x0_hat - looked.belief.x0_hat)[0].numpy()
    np.testing.assert_allclose(looked.changes[2], np.sqrt((gap**2).mean(0)), atol=1e-4)
    assert not hidden(cond, 5).mask[2, 2]
    assert hidden(cond, 5).mask.sum() == 5 * 4
    assert looked.numbers(2)["change"] > 1e-4


def test_ranks_are_scipys():
    a, b = np.array([3.0, 1.0, 1.0, 2.0, 5.0]), np.array([2.0, 2.0, 0.0, 1.0, 9.0])
    assert spearman(a, b) == pytest.approx(scipy.stats.spearmanr(a, b).statistic)
    assert spearman(a, np.ones(5)) == 0.0


def test_the_api_says_the_same(client, looked):
    frame, _ = decode(client.post("/api/v1/attention", json=ASKED).content)
    assert tuple(frame.header["tokens"]) == looked.tokens
    assert [layer["name"] for layer in frame.header["layers"]] == list(looked.layers)
    for k, weights in enumerate(looked.layers.values()):
        np.testing.assert_allclose(frame.arrays[f"map{k}"], weights, atol=1e-5)
    np.testing.assert_allclose(frame.arrays["changes"], looked.changes, atol=1e-5)


@pytest.mark.parametrize("change", [{"t": 0}, {"prompt": 3}, {"layer": 1}])
def test_what_cannot_be_is_refused(client, change):
    assert client.post("/api/v1/attention", json=ASKED | change).status_code == 400


def test_word_place_layer_and_head_are_chosen(read):
    reader = read()
    figure = reader.figure("attention")
    reader.settled("attention")
    seen = [reader.readouts("attention")]
    figure.locator("button.chip").nth(1).press("Enter")
    seen.append(reader.readouts("attention"))
    for name in ("Layer", "Head"):
        figure.get_by_role("group", name=name).locator("label").nth(1).click()
        seen.append(reader.readouts("attention"))
    assert all(a != b for a, b in itertools.pairwise(seen))
    bars = figure.locator(".bars").inner_text()
    figure.locator(".heat canvas[tabindex]").press("ArrowUp")
    assert figure.locator(".bars").inner_text() != bars
    assert all(one["sum"] == pytest.approx(1.0, abs=1e-5) for one in seen)
    assert reader.said == []
