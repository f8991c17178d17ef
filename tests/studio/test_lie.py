"""A lie about t: what is told and what is true, in Python, over the API, and in figure 3.5."""

import numpy as np
import pytest
import torch

from sfumato.errors import RecipeError
from sfumato.model import Model
from sfumato.nets.embed import Sinusoidal
from sfumato.studio.denoise import denoise
from sfumato.studio.frames import decode
from sfumato.studio.lie import errors, gamma, lie, likeness
from sfumato.studio.photo import shipped

ASKED = {"photo": "harbour", "seed": 3, "t": 400, "told": 700}


@pytest.fixture(scope="module")
def found(tiny_model):
    return lie(tiny_model, shipped(), seed=3, i=400, told=700)


def test_the_truth_is_the_plain_answer(tiny_model, found):
    plain = denoise(tiny_model, shipped(), seed=3, i=400, w=0.0)
    np.testing.assert_allclose(found.honest.x0_hat[0], plain.x0_hat, atol=1e-5)
    assert found.numbers()["honest"] == pytest.approx(plain.errors()["x0"], rel=1e-4)


def test_only_what_is_told_changes(tiny_model, found):
    """The network's own output at the false step, read at the true one."""
    bundle = tiny_model.bundle
    cond = bundle.conditioner([""])
    output = bundle.denoiser.net(found.lied.x_t, 700.0, cond.tokens, cond.mask, cond.pooled)
    level = bundle.schedule.at(400)
    np.testing.assert_allclose(found.lied.x0_hat, found.lied.x_t - level.sigma * output, atol=1e-5)
    assert found.numbers()["times"] != pytest.approx(1.0)


def test_a_row_of_lies_holds_the_single_ones(tiny_model, found):
    row = errors(tiny_model, shipped(), seed=3, i=400, told=(100, 400, 700))
    assert row[1:] == pytest.approx([found.numbers()["honest"], found.numbers()["lied"]], rel=1e-4)


def test_the_embedding_is_the_networks(tiny_model):
    steps = (1, 500, 1000)
    dim = tiny_model.bundle.denoiser.net.module.sinusoidal.dim
    np.testing.assert_allclose(gamma(tiny_model, steps), Sinusoidal(dim)(torch.tensor([1.0, 500.0, 1000.0])), atol=1e-6)
    assert likeness(tiny_model, 300, 300) == pytest.approx(1.0)
    assert likeness(tiny_model, 300, 310) > likeness(tiny_model, 300, 900)


def test_a_model_that_is_told_of_no_level_says_so(tiny_model):
    from dataclasses import replace

    class Deaf:
        net = None

    deaf = Model(replace(tiny_model.bundle, denoiser=Deaf()))
    with pytest.raises(RecipeError, match="told of the noise level"):
        lie(deaf, shipped(), seed=3, i=400, told=700)
    with pytest.raises(RecipeError, match="no sinusoidal embedding"):
        gamma(deaf, (1,))


def test_the_api_says_the_same(client, tiny_model, found):
    frame, _ = decode(client.post("/api/v1/lie", json=ASKED).content)
    assert frame.header["numbers"] == pytest.approx(found.numbers(), rel=1e-4)
    body = {"photo": "harbour", "seed": 3, "steps": [400, 700]}
    first, second, _ = decode(client.post("/api/v1/lie/valley", json=body).content)
    ours = errors(tiny_model, shipped(), seed=3, i=400, told=(400, 700))
    np.testing.assert_allclose(first.arrays["errors"], ours, rtol=1e-4)
    assert (first.header["t"], second.header["t"]) == (400, 700)
    pattern, _ = decode(client.post("/api/v1/lie/embedding", json={"steps": [1, 500]}).content)
    np.testing.assert_allclose(pattern.arrays["gamma"], gamma(tiny_model, (1, 500)), atol=1e-6)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("lie", ASKED | {"told": 0}),
        ("lie", ASKED | {"w": 1}),
        ("lie/valley", {"photo": "harbour", "seed": 3, "steps": list(range(1, 18))}),
        ("lie/valley", {"photo": "harbour", "seed": 3, "steps": []}),
        ("lie/embedding", {"steps": [1001]}),
    ],
)
def test_what_cannot_be_is_refused(client, path, body):
    assert client.post(f"/api/v1/{path}", json=body).status_code == 400


def test_a_place_in_the_map_is_chosen_by_keyboard_and_the_truth_by_a_button(read):
    reader = read()
    figure = reader.figure("lie")
    reader.settled("lie")
    assert reader.readouts("lie")["times"] != pytest.approx(1.0)
    figure.locator(".heat canvas[tabindex]").press("ArrowDown")
    figure.locator(".heat canvas[tabindex]").press("ArrowRight")
    assert figure.locator("#lie-t").input_value() == "600"
    assert figure.locator("#lie-told").input_value() == "360"
    figure.get_by_role("button", name="Tell the truth").click()
    reader.settled("lie")
    assert reader.readouts("lie")["times"] == pytest.approx(1.0)
    assert reader.readouts("lie")["similar"] == pytest.approx(1.0)
    assert reader.said == []
