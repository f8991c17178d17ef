"""Flow matching: two paths and their directions, the network's aim, and how straight a model's own way is."""

import math

import numpy as np
import pytest
import torch

from sfumato.inspect.numbers import rms
from sfumato.process.rectified import Rectified
from sfumato.process.schedules import schedule_from
from sfumato.studio.denoise import denoise
from sfumato.studio.frames import decode
from sfumato.studio.photo import shipped
from sfumato.studio.straight import Way, curved, landing, straight, walked, way

ASKED = {"photo": "harbour", "seed": 3, "t": 600}
WAY = {"prompt": "a red apple", "seed": 3, "steps": 6, "w": 2.0}


@pytest.fixture(scope="module")
def found(tiny_model):
    return landing(tiny_model, shipped(), seed=3, i=600)


@pytest.mark.parametrize("path", [straight, curved])
@pytest.mark.parametrize("t", [0.1, 0.5, 0.93])
def test_a_direction_is_the_derivative(path, t):
    here, low, high = path(t), path(t - 1e-6), path(t + 1e-6)
    assert here.d_alpha == pytest.approx((high.alpha - low.alpha) / 2e-6, rel=1e-6)
    assert here.d_sigma == pytest.approx((high.sigma - low.sigma) / 2e-6, rel=1e-6)


def test_paths_begin_at_the_picture_and_end_at_the_noise():
    for path in (straight, curved):
        assert (path(0.0).alpha, path(0.0).sigma) == (1.0, 0.0)
        assert (path(1.0).alpha, path(1.0).sigma) == pytest.approx((0.0, 1.0))
    level = Rectified().at(270)
    assert (straight(0.27).alpha, straight(0.27).sigma) == pytest.approx((level.alpha, level.sigma))
    assert curved(0.4).alpha ** 2 + curved(0.4).sigma ** 2 == pytest.approx(1.0)


@pytest.mark.parametrize("t", [0.05, 0.4, 1.0])
def test_only_the_straight_path_may_be_followed_at_once(t):
    assert straight(t).ahead == pytest.approx((1.0, 0.0))
    a, b = curved(t).ahead
    assert math.hypot(a - 1.0, b) > 1e-4


def test_the_landing_is_the_networks_guess(tiny_model, found):
    plain = denoise(tiny_model, shipped(), seed=3, i=600, w=0.0)
    u_hat = plain.eps_hat - plain.x0_hat
    np.testing.assert_allclose(found.x0_hat, (plain.x_t - 0.6 * u_hat).ravel(), atol=1e-5)
    numbers = found.numbers()
    assert found.t == pytest.approx(0.6)
    assert numbers["miss_straight"] == pytest.approx(0.0, abs=1e-12)
    assert numbers["miss_network"] == pytest.approx(plain.errors()["x0"], rel=1e-5)
    a, b = curved(0.6).ahead
    assert numbers["miss_curved"] == pytest.approx(rms((a - 1.0) * found.x_0 + b * found.eps))


def test_what_is_off_the_plane_is_square_to_it(found):
    rest = found.x0_hat - found.at(found.shares)
    assert rest @ found.x_0 == pytest.approx(0.0, abs=1e-6 * np.linalg.norm(rest) * np.linalg.norm(found.x_0))
    assert rest @ found.eps == pytest.approx(0.0, abs=1e-6 * np.linalg.norm(rest) * np.linalg.norm(found.eps))
    assert found.numbers()["off"] == pytest.approx(rms(rest))


def test_the_turn_is_an_angle(tiny_model):
    assert landing(tiny_model, shipped(), seed=3, i=1).numbers()["turned"] < 1.0
    end = landing(tiny_model, shipped(), seed=3, i=1000)
    cosine = -end.x_0 @ end.eps / np.linalg.norm(end.x_0) / np.linalg.norm(end.eps)
    assert end.numbers()["turned"] == pytest.approx(math.degrees(math.acos(cosine)), rel=1e-6)


def line(points):
    """A way through these points of a plane."""
    states = np.array(points, float)
    return Way(times=tuple(np.linspace(1.0, 0.0, len(states))), states=states, first=states[-1] + 0.5)


def test_a_straight_way_has_length_one_and_a_detour_more():
    assert line([[0, 0], [1, 1], [4, 4]]).numbers() == pytest.approx({"length": 1.0, "gap": 0.5})
    assert line([[0, 0], [1, 1], [4, 4]]).apart == pytest.approx([0, 0, 0], abs=1e-12)
    corner = line([[0, 0], [3, 0], [3, 4]])
    assert corner.numbers()["length"] == pytest.approx(7 / 5)
    assert corner.along == pytest.approx([0.0, 9 / 25, 1.0])
    assert corner.apart == pytest.approx([0.0, 12 / 5 / math.sqrt(2), 0.0], abs=1e-12)


def test_its_way_is_the_one_that_it_draws(tiny_model):
    *steps, whole = walked(tiny_model, "a red apple", seed=3, steps=6, w=2.0)
    np.testing.assert_allclose(whole.states[0], steps[0].prediction.x_t.numpy().ravel(), atol=1e-6)
    np.testing.assert_allclose(whole.states[-1], steps[-1].x_next.numpy().ravel(), atol=1e-6)
    assert whole.times == pytest.approx([1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6, 0], abs=1e-3)
    numbers = whole.numbers()
    assert numbers["length"] > 1.0
    assert numbers["gap"] == pytest.approx(rms(steps[0].prediction.x0_hat - steps[-1].x_next), rel=1e-5)


@pytest.mark.parametrize("kind", ["rectified", "cosine"])
def test_an_exact_velocity_of_one_picture_goes_straight(tiny_model, kind):
    """Were there but one picture in the world, the way to it would be a straight line, whatever the schedule."""
    from dataclasses import replace

    from sfumato.model import Model
    from sfumato.process.prediction import Prediction

    only = torch.from_numpy(landing(tiny_model, shipped(), seed=3, i=5).x_0.astype(np.float32)).reshape(1, 4, 8, 8)

    def exact(x, level, cond):
        return Prediction.from_x0(x, level, 0 * x + only)

    knows = replace(tiny_model.bundle, denoiser=exact, schedule=schedule_from({"kind": kind}))
    level, aimed = knows.schedule.at(700), landing(Model(knows), shipped(), seed=3, i=700)
    assert aimed.t == pytest.approx(level.sigma / (level.alpha + level.sigma))
    assert aimed.numbers()["miss_network"] == pytest.approx(0.0, abs=1e-6)
    numbers = way(Model(knows), "a cat", seed=3, steps=6, w=1.0).numbers()
    assert numbers == pytest.approx({"length": 1.0, "gap": 0.0}, abs=1e-5)


def test_the_api_says_the_same(client, tiny_model, found):
    frame, _ = decode(client.post("/api/v1/straight", json=ASKED).content)
    assert frame.header["numbers"] == pytest.approx(found.numbers(), rel=1e-4, abs=1e-6)
    assert frame.header["shares"] == pytest.approx(found.shares, rel=1e-4)
    np.testing.assert_allclose(frame.arrays["x_0"], found.x_0, atol=1e-6)
    body = {"photo": "harbour", "seed": 3, "steps": [100, 600]}
    first, second, _ = decode(client.post("/api/v1/straight/along", json=body).content)
    assert second.header["numbers"] == pytest.approx(found.numbers(), rel=1e-4, abs=1e-6)
    assert first.header["t"] == pytest.approx(0.1)
    *steps, last, done = decode(client.post("/api/v1/straight/way", json=WAY).content)
    ours = way(tiny_model, "a red apple", seed=3, steps=6, w=2.0)
    assert [step.header["k"] for step in steps] == list(range(6))
    assert (last.type, done.type) == ("way", "done")
    assert last.header["numbers"] == pytest.approx(ours.numbers(), rel=1e-5)
    assert last.header["apart"] == pytest.approx(ours.apart.tolist(), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("straight", ASKED | {"t": 0}),
        ("straight", ASKED | {"prompt": "a"}),
        ("straight/along", {"photo": "harbour", "seed": 3, "steps": []}),
        ("straight/way", WAY | {"steps": 1}),
        ("straight/way", WAY | {"w": "much"}),
        ("straight/way", WAY | {"photo": "harbour"}),
    ],
)
def test_what_cannot_be_is_refused(client, path, body):
    assert client.post(f"/api/v1/{path}", json=body).status_code == 400


def test_the_straight_path_never_misses_and_the_curved_one_does(read):
    """What must be seen: one direction leads home from anywhere, the other past it, the farther out the more."""
    reader = read()
    figure = reader.figure("straight")
    reader.settled("straight")
    missed = []
    for t in ("50", "400", "900"):
        figure.locator("#straight-t").fill(t)
        reader.settled("straight")
        said = reader.readouts("straight")
        assert said["miss_straight"] == pytest.approx(0.0, abs=1e-6)
        missed.append(said["miss_curved"])
    assert missed == sorted(missed)
    assert missed[0] < 0.05 < 0.3 < missed[2]
    length = said["length"]
    assert length > 1.0
    figure.locator("#straight-w").fill("8")
    reader.settled("straight")
    assert reader.readouts("straight")["length"] != length
    assert f"{reader.readouts('straight')['length']:.2f}" in reader.page.locator("#s4-3").inner_text()
    assert figure.locator("svg.field .mark.guess").count() == 15
