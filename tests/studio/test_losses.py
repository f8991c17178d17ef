"""The loss by noise level: the training objective's own terms for one photo, in Python, over the API, in figure 4.2."""

import dataclasses

import numpy as np
import pytest
import torch

from sfumato.model import Model
from sfumato.picture import to_bytes
from sfumato.pipeline import encode
from sfumato.process.density import Uniform
from sfumato.process.parameterisation import parameterisation_from
from sfumato.process.schedules import schedule_from
from sfumato.studio.api_losses import trained
from sfumato.studio.denoise import denoise, encoded, with_noise
from sfumato.studio.frames import decode
from sfumato.studio.losses import FACES, density, drawing, judged, mean, visited
from sfumato.studio.photo import shipped

CAPTIONS = ["a red apple", "a cat", ""]
ASKED = {"photo": "harbour", "seed": 3, "captions": CAPTIONS}


@pytest.fixture(scope="module")
def found(tiny_model):
    return judged(tiny_model, encoded(tiny_model, shipped()), CAPTIONS, seed=3, i=400)


def with_card(model, process):
    """The model with a card that tells of its training."""
    recipe = {"process": process, "data": {"drop": 0.1}, "average": {"sigma_rel": 0.07}}
    held = {"levels": [0.5, 1.0], "loss": [0.4, 0.6]}
    return Model(dataclasses.replace(model.bundle, card={"recipe": recipe, "images": 640, "held_out": held}))


def test_the_loss_is_that_of_the_training_objective(tiny_model, found):
    """|net(x_t, clock(t), c) - target|^2, the mean over the numbers: train/denoising.py's `errors` with weight 1."""
    denoiser = tiny_model.bundle.denoiser
    (x_0, eps), level = with_noise(tiny_model, shipped(), 3), tiny_model.bundle.schedule.at(400)
    x_t, target = level.alpha * x_0 + level.sigma * eps, denoiser.parameterisation.target(x_0, eps, level)
    for caption, loss in zip(CAPTIONS, found.losses("flow"), strict=True):
        cond = encode(tiny_model.bundle.conditioner, [caption])
        with torch.no_grad():
            output = denoiser.net(x_t, torch.tensor([denoiser.clock(level)]), cond.tokens, cond.mask, cond.pooled)
        assert loss == pytest.approx(float((output - target).square().mean()), rel=1e-5)


@pytest.mark.parametrize(
    ("face", "schedule"),
    [*((face, "rectified") for face in FACES), ("eps", "cosine"), ("x0", "cosine"), ("v", "cosine")],
)
def test_a_face_is_the_same_square_with_another_weight(face, schedule):
    level, aims = schedule_from({"kind": schedule}).at(333), parameterisation_from({"kind": face})
    x_0, eps, error = torch.randn(3, 1, 4, 8, 8, generator=torch.Generator().manual_seed(1)).double()
    x_t, x0_hat = level.alpha * x_0 + level.sigma * eps, x_0 + 0.3 * error
    eps_hat = (x_t - level.alpha * x0_hat) / level.sigma
    apart = aims.target(x0_hat, eps_hat, level) - aims.target(x_0, eps, level)
    assert float(apart.square().mean()) == pytest.approx(FACES[face](level) * float((x0_hat - x_0).square().mean()))


def test_errors_are_those_of_one_answer(tiny_model, found):
    alone = denoise(tiny_model, shipped(), seed=3, i=400, w=0.0).errors()
    for face in ("eps", "x0", "v"):
        assert found.losses(face)[2] == pytest.approx(alone[face] ** 2, rel=1e-4)


def test_asked_for_noise_alone_there_is_nothing_to_lose(tiny_model):
    """At t = 1 the state is the noise: copying it is no error, and the picture's error is whole."""
    end = judged(tiny_model, encoded(tiny_model, shipped()), CAPTIONS, seed=3, i=1000)
    assert end.losses("eps") == pytest.approx([0.0, 0.0, 0.0])
    assert end.losses("x0") == pytest.approx(end.losses("flow"))
    assert end.losses("x0")[0] > 0.1


def test_a_drawing_is_what_the_model_draws(tiny_model, client):
    x_0 = drawing(tiny_model, "a red apple", seed=4)
    drawn = tiny_model.generate("a red apple", seed=4)[0]
    assert (to_bytes(tiny_model.bundle.autoencoder.decode(x_0))[0] == np.asarray(drawn.image)).all()
    ours = judged(tiny_model, x_0, CAPTIONS, seed=3, i=400).squares
    body = {"drawing": "a red apple", "seed": 3, "captions": CAPTIONS, "t": 400}
    frame, _ = decode(client.post("/api/v1/losses", json=body).content)
    assert frame.header["squares"] == pytest.approx(ours.tolist(), rel=1e-5)
    assert frame.header["squares"] != pytest.approx(
        judged(tiny_model, encoded(tiny_model, shipped()), CAPTIONS, seed=3, i=400).squares.tolist(), rel=1e-2
    )


def test_levels_are_those_that_training_visits_as_often(tiny_model):
    assert density(tiny_model) == Uniform()
    assert visited(tiny_model, 4) == [125, 375, 625, 875]
    shifted = with_card(tiny_model, {"density": {"kind": "uniform", "shift": 3.0}})
    steps = visited(shifted, 100)
    assert steps == sorted(steps)
    drawn = np.asarray(density(shifted)(np.linspace(0.0005, 0.9995, 1000), shifted.bundle.schedule).t)
    for t in (0.25, 0.5, 0.75, 0.9):
        assert np.mean(np.array(steps) / 1000 < t) == pytest.approx(np.mean(drawn < t), abs=0.011)


def test_the_mean_is_over_these(tiny_model):
    losses = [
        judged(tiny_model, encoded(tiny_model, shipped()), ["a cat"], seed=3, i=i).losses("v")[0]
        for i in (125, 375, 625, 875)
    ]
    assert mean(tiny_model, encoded(tiny_model, shipped()), "a cat", seed=3, face="v", n=4) == pytest.approx(
        np.mean(losses)
    )


def test_what_the_card_says(tiny_model):
    bare = trained(tiny_model)
    assert bare["asks"] == "flow"
    assert bare["drop"] is bare["average"] is bare["pictures"] is None
    assert bare["levels"] == bare["losses"] == []
    told = trained(with_card(tiny_model, {"weight": {"kind": "simple"}}))
    assert (told["drop"], told["average"], told["pictures"], told["plain"]) == (0.1, 0.07, 640, True)
    assert (told["levels"], told["losses"]) == ([0.5, 1.0], [0.4, 0.6])
    foreign = Model(dataclasses.replace(tiny_model.bundle, card={"recipe": "unknown"}))
    assert trained(foreign)["drop"] is None
    assert density(foreign) == Uniform()


def test_the_api_says_the_same(client, tiny_model, found):
    frame, _ = decode(client.post("/api/v1/losses", json=ASKED | {"t": 400}).content)
    assert frame.header["squares"] == pytest.approx(found.squares.tolist(), rel=1e-5)
    assert frame.header["alpha"] == pytest.approx(0.6)
    alone = denoise(tiny_model, shipped(), seed=3, i=400, w=0.0)
    np.testing.assert_allclose(frame.arrays["guess2"], alone.guess, atol=5e-3)
    np.testing.assert_allclose(frame.arrays["noisy"], alone.noisy, atol=5e-3)
    first, *levels, done = decode(client.post("/api/v1/losses/along", json=ASKED).content)
    assert (first.type, done.type) == ("trained", "done")
    assert [level.header["t"] for level in levels] == visited(tiny_model)
    ours = judged(tiny_model, encoded(tiny_model, shipped()), CAPTIONS, seed=3, i=visited(tiny_model)[5]).squares
    assert levels[5].header["squares"] == pytest.approx(ours.tolist(), rel=1e-5)


@pytest.mark.parametrize(
    "change",
    [
        {"captions": []},
        {"captions": "a"},
        {"captions": [1]},
        {"captions": [""] * 5},
        {"photo": "none"},
        {"w": 1},
        {"drawing": 3},
    ],
)
def test_what_cannot_be_is_refused(client, change):
    assert client.post("/api/v1/losses/along", json=ASKED | change).status_code == 400
    assert client.post("/api/v1/losses", json=ASKED | {"t": 5} | change).status_code == 400


def test_the_caption_is_seen_to_matter_and_a_face_to_be_a_weight(read):
    """What must be seen: one answer, four curves; and three captions, three losses, whose difference is drawn."""
    reader = read()
    figure = reader.figure("losses")
    reader.settled("losses")
    flow = reader.readouts("losses")
    assert len({flow["own"], flow["other"], flow["none"]}) == 3
    sigma = int(figure.locator("#losses-t").input_value()) / 1000
    figure.get_by_text("picture x₀", exact=True).click()
    picture = reader.readouts("losses")
    assert picture["own"] == pytest.approx(flow["own"] * sigma**2, rel=1e-6)
    assert picture["mean_own"] < flow["mean_own"]
    saves = reader.page.locator("[aria-label='What a caption saves']")
    curve = figure.locator(".curve").filter(has=saves).locator("path.guidance")
    before = curve.get_attribute("d")
    figure.get_by_label("Its caption").fill("")
    figure.get_by_label("Its caption").press("Enter")
    reader.settled("losses")
    silent = reader.readouts("losses")
    assert silent["own"] == silent["none"]
    heights = {point.split()[-1] for point in curve.get_attribute("d").split("L")}
    assert len(heights) == 1, "told nothing twice, nothing is saved anywhere"
    assert curve.get_attribute("d") != before
    figure.get_by_text("its own drawing", exact=True).click()
    reader.settled("losses")
    drawn = reader.readouts("losses")
    assert figure.get_by_label("Its caption").input_value() == "a red apple, 3d render"
    assert drawn["none"] != silent["none"]
    assert "loss on one picture" in reader.page.locator("#s4-2").inner_text()
