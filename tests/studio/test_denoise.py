"""The network's answer about a noisy photo: one answer in four faces, over the API and in its figure."""

import threading

import numpy as np
import pytest
import torch
from PIL import Image
from reading import Reader, serving

import sfumato
from sfumato.errors import RecipeError
from sfumato.picture import to_bytes
from sfumato.studio.denoise import denoise
from sfumato.studio.desk import Desk
from sfumato.studio.frames import decode
from sfumato.studio.photo import shipped
from sfumato.studio.studio import Studio
from tiny import write_clear

KEY = "/api/v1/denoise faces.abc"
ASKED = {"photo": "harbour", "seed": 3, "t": 400}


FACES = {"x-sfumato-figure": "faces.abc"}


@pytest.fixture(scope="module")
def answer(tiny_model):
    return denoise(tiny_model, shipped(), seed=3, i=400, prompt="a red apple", w=2.0)


def test_truth_and_belief_are_the_same_x_t(answer):
    a, s = answer.level.alpha, answer.level.sigma
    np.testing.assert_allclose(a * answer.x_0 + s * answer.eps, answer.x_t, atol=1e-5)
    np.testing.assert_allclose(a * answer.x0_hat + s * answer.eps_hat, answer.x_t, atol=1e-5)


def test_errors_are_one_error_told_four_ways(answer):
    a, s, errors = answer.level.alpha, answer.level.sigma, answer.errors()
    assert errors["x0"] == pytest.approx(errors["eps"] * s / a, rel=1e-4)
    assert errors["v"] == pytest.approx(errors["eps"] * (a + s * s / a), rel=1e-4)
    assert errors["score"] == pytest.approx(errors["eps"] / s)


def test_prompt_and_guidance_have_a_say(tiny_model, answer):
    plain = denoise(tiny_model, shipped(), seed=3, i=400)
    null = denoise(tiny_model, shipped(), seed=3, i=400, prompt="a red apple", w=0.0)
    np.testing.assert_array_equal(plain.x0_hat, null.x0_hat)
    assert np.abs(plain.x0_hat - answer.x0_hat).max() > 1e-3


def test_a_model_of_transparent_pictures_is_given_an_opaque_one_and_seen_over_white(tmp_path):
    model = sfumato.load(write_clear(tmp_path / "clear"))
    said = denoise(model, shipped(), seed=3, i=1)
    space = model.bundle.autoencoder
    given = model.canvas(Image.fromarray(shipped())).under.image
    assert (given[:, 3] == 1.0).all()
    np.testing.assert_array_equal(said.x_0, space.encode(torch.from_numpy(given)).mean[0].numpy())
    for picture, z in ((said.photo, said.x_0), (said.guess, said.x0_hat), (said.noisy, said.x_t)):
        drawn = to_bytes(space.decode(torch.from_numpy(z)[None]))[0]
        seen = np.rint(127.5 * (picture.clip(-1.0, 1.0) + 1.0)).transpose(1, 2, 0)
        assert np.abs(seen - drawn).max() <= 1


@pytest.mark.parametrize("i", [0, 1001])
def test_no_such_step(tiny_model, i):
    with pytest.raises(RecipeError, match=r"schedule of 'tiny' has 1\.\.1000"):
        denoise(tiny_model, shipped(), seed=3, i=i)


def test_the_api_says_the_same(client, tiny_model):
    frame, _ = decode(client.post("/api/v1/denoise", json=ASKED).content)
    ours = denoise(tiny_model, shipped(), seed=3, i=400)
    np.testing.assert_allclose(frame.arrays["x0_hat"], ours.x0_hat, atol=1e-5)
    np.testing.assert_allclose(frame.arrays["guess"], ours.guess, atol=2e-3)
    assert frame.header["errors"] == pytest.approx(ours.errors())
    first, second, _ = decode(
        client.post("/api/v1/denoise/along", json={"photo": "harbour", "seed": 3, "steps": [400, 900]}).content
    )
    assert first.header["errors"] == pytest.approx(ours.errors())
    assert second.header["t"] == 900


def test_an_older_question_is_told_that_a_newer_one_came(client, studio):
    going, leave, said = threading.Event(), threading.Event(), []
    studio.desk.ask("busy", lambda model: (going.set(), leave.wait(30)))
    assert going.wait(30)
    asking = threading.Thread(target=lambda: said.append(client.post("/api/v1/denoise", json=ASKED, headers=FACES)))
    asking.start()
    while KEY not in studio.desk._waiting:
        asking.join(0.01)
    newer = studio.desk.ask(KEY, lambda model: "newer")
    asking.join(30)
    leave.set()
    assert newer.result(30) == "newer"
    assert said[0].status_code == 400
    assert "a newer question" in said[0].json()["message"]


@pytest.mark.parametrize(
    "change", [{"t": 0}, {"w": 21}, {"w": "1"}, {"prompt": 3}, {"prompt": "a" * 2001}, {"photo": "other"}, {"more": 1}]
)
def test_what_cannot_be_is_refused(client, change):
    assert client.post("/api/v1/denoise", json=ASKED | change).status_code == 400


@pytest.mark.parametrize("name", ["a b", "../x", "A", "faces.abc.d", "x" * 60])
def test_a_figure_has_a_plain_name(client, name):
    assert client.post("/api/v1/denoise", json=ASKED, headers={"x-sfumato-figure": name}).status_code == 400


def test_two_figures_do_not_take_each_others_place(chromium, shared):
    reader = Reader(chromium, shared)
    for name in ("faces", "triangle"):
        reader.figure(name)
    for name in ("faces", "triangle"):
        reader.settled(name)
        assert reader.readouts(name)
    assert reader.said == []
    reader.context.close()


def test_another_model_answers_otherwise_in_the_figure(chromium, shared, tmp_path):
    other = Studio(Desk(str(write_clear(tmp_path / "clear"))))
    seen = []
    with serving(other) as there:
        for at in (shared, there):
            reader = Reader(chromium, at)
            reader.figure("faces")
            reader.settled("faces")
            seen.append(reader.readouts("faces"))
            reader.context.close()
    other.desk.close()
    assert all(abs(seen[0][key] - seen[1][key]) > 2e-3 for key in ("eps", "x0", "v", "score"))
    assert seen[0]["magnified"] == pytest.approx(seen[1]["magnified"])


def test_one_step_takes_little_of_the_guess_and_the_last_takes_it_whole(chromium, shared):
    reader = Reader(chromium, shared)
    figure = reader.figure("triangle")
    reader.settled("triangle")
    assert 0 < reader.readouts("triangle")["guess"] < 0.01
    figure.get_by_label("steps at once").fill("250")
    reader.settled("triangle")
    assert reader.readouts("triangle")["guess"] > 0.1
    figure.locator("#triangle-eta").fill("0")
    assert reader.readouts("triangle")["churn"] == 0
    figure.locator("#triangle-t").fill("1")
    reader.settled("triangle")
    assert reader.readouts("triangle")["guess"] == pytest.approx(1.0)
    reader.context.close()
