"""Two beliefs and the line through them: in Python, over the API, and in figure 3.3."""

import numpy as np
import pytest

from sfumato.guidance import ClassifierFree
from sfumato.inspect.numbers import rms
from sfumato.picture import to_bytes
from sfumato.pipeline import encode
from sfumato.studio.code import picture_of, shape_of
from sfumato.studio.denoise import denoise
from sfumato.studio.frames import decode
from sfumato.studio.guided import beliefs, rows
from sfumato.studio.photo import shipped

ASKED = {"photo": "harbour", "seed": 3, "t": 400, "prompt": "a red apple", "negative": "a green pear"}


@pytest.fixture(scope="module")
def both(tiny_model):
    return beliefs(tiny_model, shipped(), seed=3, i=400, prompt="a red apple", negative="a green pear")


@pytest.mark.parametrize(("w", "rescale"), [(-2.0, 0.0), (0.0, 0.0), (1.0, 0.0), (4.0, 0.0), (7.5, 0.7)])
def test_any_w_is_what_the_network_would_be_asked_for(tiny_model, both, w, rescale):
    cond, null = (encode(tiny_model.bundle.conditioner, [words]) for words in ("a red apple", "a green pear"))
    asked = ClassifierFree(scale=w, rescale=rescale)(
        tiny_model.bundle.denoiser, both.cond.x_t, both.cond.level, cond, null
    )
    np.testing.assert_allclose(both.guided(w, rescale).x0_hat, asked.x0_hat, atol=1e-4)
    assert both.numbers(w, rescale)["size"] == pytest.approx(rms(asked.x0_hat), rel=1e-4)


def test_one_is_the_plain_prompt_and_nought_is_none(tiny_model, both):
    plain = denoise(tiny_model, shipped(), seed=3, i=400, prompt="a red apple")
    np.testing.assert_allclose(both.cond.x0_hat[0], plain.x0_hat, atol=1e-5)
    assert both.numbers(1.0)["moved"] == pytest.approx(0.0, abs=1e-6)
    assert both.numbers(0.0)["moved"] == pytest.approx(both.numbers(0.0)["apart"], rel=1e-5)
    assert both.numbers(3.0)["moved"] == pytest.approx(2 * both.numbers(3.0)["apart"], rel=1e-5)


def test_rows_are_the_pictures_that_the_model_draws(tiny_model):
    found = list(rows(tiny_model, "a red apple", scales=(1.0, 3.0), seed=5, count=2, steps=2, negative="a pear"))
    for one in found:
        guidance = {"kind": "classifier-free", "scale": one.w}
        drawn = tiny_model.generate(
            "a red apple", seed=5, count=2, steps=2, negative="a pear", guidance=guidance, microbatch=2
        )
        for picture, ours in zip(drawn, one.pictures, strict=True):
            assert (to_bytes(ours[None])[0] == np.asarray(picture.image)).all()
        assert one.spread > 0
        assert 0 <= one.clipped <= 1
    assert [one.w for one in found] == [1.0, 3.0]


def test_the_api_says_the_same(client, tiny_model, both):
    frame, _ = decode(client.post("/api/v1/guidance", json=ASKED).content)
    for name, one in (("cond", both.cond), ("null", both.null)):
        np.testing.assert_allclose(frame.arrays[name], one.x0_hat[0], atol=1e-5)
    np.testing.assert_allclose(frame.arrays["x_t"], both.cond.x_t[0], atol=1e-5)
    z = [float(v) for v in both.cond.x0_hat.ravel()]
    seen, _ = decode(client.post("/api/v1/decode", json={"z": z}).content)
    np.testing.assert_allclose(seen.arrays["x"], frame.arrays["plain"], atol=2e-3)
    np.testing.assert_allclose(seen.arrays["x"], picture_of(tiny_model, both.cond.x0_hat[0].numpy()), atol=2e-3)
    *frames, _ = decode(client.post("/api/v1/guidance/along", json={"seed": 5, "prompt": "a cat"}).content)
    assert [one.header["w"] for one in frames] == [0, 1, 2, 4, 8, 16]
    assert frames[0].arrays["pictures"].shape == (3, 3, 32, 32)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("guidance", ASKED | {"t": 0}),
        ("guidance", ASKED | {"negative": 1}),
        ("guidance", ASKED | {"w": 1}),
        ("decode", {"z": []}),
        ("decode", {"z": [1.0, "a"]}),
        ("decode", {"z": [True] * 256}),
        ("decode", {"z": [1e9] * 256}),
        ("decode", {"z": [0.5] * 255}),
        ("decode", {"z": [0.0] * 40_000}),
        ("guidance/along", {"seed": 1, "interval": [0.5]}),
        ("guidance/along", {"seed": 1, "rescale": 2}),
    ],
)
def test_what_cannot_be_is_refused(client, path, body):
    assert client.post(f"/api/v1/{path}", json=body).status_code == 400


def test_an_interval_the_wrong_way_round_ends_the_answer(client):
    (error,) = decode(client.post("/api/v1/guidance/along", json={"seed": 1, "interval": [0.7, 0.2]}).content)
    assert error.type == "error"
    assert "interval" in error.header["message"]


def test_latents_have_the_shape_that_the_model_draws_in(tiny_model):
    assert shape_of(tiny_model) == (4, 8, 8)


def test_w_is_instant_and_must_be_seen_beyond_one(read):
    reader = read()
    reader.figure("guidance")
    reader.settled("guidance")
    asked = []
    reader.page.on("request", lambda request: asked.append(request.url.split("/api/v1/")[-1]))
    slider = reader.page.locator("#guidance-w")
    said = {}
    for w in ("0", "1", "4", "20"):
        slider.fill(w)
        said[w] = reader.readouts("guidance")
    reader.settled("guidance")
    assert "guidance" not in asked, "the network was asked again for another w"
    assert "decode" in asked
    assert said["1"]["moved"] == 0
    assert said["0"]["moved"] == pytest.approx(said["1"]["apart"])
    assert said["20"]["moved"] == pytest.approx(19 * said["1"]["apart"], rel=1e-5)
    assert said["20"]["size"] > said["4"]["size"] > said["1"]["size"]


def test_whole_pictures_come_row_by_row(read):
    reader = read()
    figure = reader.figure("guidance")
    figure.get_by_role("button", name="Draw whole pictures").click()
    figure.locator(".columns > div").nth(5).wait_for()
    reader.settled("guidance")
    assert figure.locator(".columns canvas").count() == 18
    assert reader.said == []


def test_prompt_and_negative_stay_in_the_address(read):
    reader = read()
    figure = reader.figure("guidance")
    reader.settled("guidance")
    before = reader.readouts("guidance")
    for label, words in (("Prompt", "a green pear"), ("Away from", "a cat")):
        figure.get_by_role("textbox", name=label).fill(words)
        figure.get_by_role("textbox", name=label).press("Enter")
    reader.settled("guidance")
    after = reader.readouts("guidance")
    assert after != before
    reader.page.reload()
    assert figure.get_by_role("textbox", name="Prompt").input_value() == "a green pear"
    reader.settled("guidance")
    assert reader.readouts("guidance") == after
