"""The API's answers, against the package's own arithmetic; and what is refused."""

import io

import numpy as np
import pytest
from PIL import Image

from sfumato.process.schedules import schedule_from
from sfumato.studio import photo
from sfumato.studio.custom import schedule_through
from sfumato.studio.frames import decode
from sfumato.weights import parse
from tiny import files


def frames(response):
    assert response.status_code == 200, response.text
    return list(decode(response.content))


def picture(width=40, height=20, colour=(250, 10, 20), kind="PNG"):
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, kind)
    return out.getvalue()


def test_info_names_the_model_and_counts_its_numbers(client):
    said = client.get("/api/v1/info").json()
    assert said["model"]["name"] == "tiny"
    denoiser = sum(values.numel() for values in parse(files()["denoiser"], "denoiser").values())
    assert said["model"]["parts"]["denoiser"] == denoiser
    assert said["model"]["numbers"] > denoiser
    assert said["state"] == "loading"


def test_schedules_are_the_packages_own(client):
    points = [30.0, 5.0, -9.5, -31.0]
    wanted = [{"kind": "linear"}, {"kind": "cosine", "T": 10}, {"kind": "custom", "points": points}]
    *found, done = frames(client.post("/api/v1/schedules", json={"schedules": wanted}))
    assert done.type == "done"
    ours = [schedule_from(wanted[0]), schedule_from(wanted[1]), schedule_through(points)]
    for frame, schedule in zip(found, ours, strict=True):
        level = schedule.at(np.arange(1, schedule.T + 1))
        np.testing.assert_allclose(frame.arrays["beta"], schedule.beta_table(), rtol=1e-12)
        np.testing.assert_allclose(frame.arrays["alpha_bar"], level.alpha**2, rtol=1e-14)
        np.testing.assert_allclose(frame.arrays["snr_db"], 20 * np.log10(level.alpha / level.sigma), atol=1e-12)


def test_a_photo_goes_round(client):
    frame, _ = frames(client.post("/api/v1/photos", content=picture(), headers={"content-type": "image/png"}))
    assert frame.arrays["x"].shape == (photo.SIDE, photo.SIDE, 3)
    assert (frame.arrays["x"] == (250, 10, 20)).all()
    assert len(frame.header["id"]) == 26
    body = {"photo": frame.header["id"], "seed": 3, "schedule": {"kind": "linear"}, "t": 2}
    stop, _ = frames(client.post("/api/v1/forward", json=body))
    assert stop.arrays["x_walk"].shape == (3, photo.SIDE, photo.SIDE)


def test_the_middle_square_is_taken():
    pixels = np.zeros((128, 256, 3), np.uint8)
    pixels[:, 64:192] = 200
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    assert (photo.read_photo(out.getvalue()) == 200).all()


@pytest.mark.parametrize("data", [b"", b"no picture", picture()[:60], b"<svg xmlns='http://www.w3.org/2000/svg'/>"])
def test_no_picture_is_refused_in_words(client, data):
    response = client.post("/api/v1/photos", content=data, headers={"content-type": "image/png"})
    assert response.status_code == 400
    assert response.json()["code"] == "CorpusError"


def test_a_walk_stops_on_its_way_and_ends_where_the_jump_does(client):
    body = {"photo": "harbour", "seed": 7, "schedule": {"kind": "cosine"}, "t": 30, "every": 12}
    *stops, done = frames(client.post("/api/v1/forward", json=body))
    assert [stop.header["i"] for stop in stops] == [12, 24, 30]
    assert done.type == "done"
    for stop in stops:
        apart = np.abs(stop.arrays["x_walk"] - stop.arrays["x_jump"]).max()
        assert stop.header["difference"] == pytest.approx(apart, rel=1e-3, abs=1e-9)
        assert apart < 1e-5


LINEAR = {"kind": "linear"}
FORWARD = {"photo": "harbour", "seed": 1, "schedule": LINEAR, "t": 5}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("forward", FORWARD | {"t": 0}),
        ("forward", FORWARD | {"t": 1001}),
        ("forward", FORWARD | {"t": 2.5}),
        ("forward", FORWARD | {"t": True}),
        ("forward", FORWARD | {"seed": -1}),
        ("forward", FORWARD | {"photo": "../harbour"}),
        ("forward", FORWARD | {"photo": "a" * 26}),
        ("forward", FORWARD | {"schedule": {"kind": "rectified"}}),
        ("forward", FORWARD | {"schedule": {"kind": "linear", "T": 100_000}}),
        ("forward", FORWARD | {"schedule": {"kind": "tabulated", "betas": [0.1] * 1001}}),
        ("forward", FORWARD | {"schedule": "linear"}),
        ("forward", FORWARD | {"url": "http://127.0.0.1/"}),
        ("schedules", {"schedules": []}),
        ("schedules", {"schedules": [LINEAR] * 9}),
        ("schedules", {"schedules": [{"kind": "custom", "points": [1, 2, 3, 4]}]}),
        ("schedules", {"schedules": [{"kind": "custom", "points": [1, 0, "x", -4]}]}),
        ("schedules", [1]),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(client, path, body):
    response = client.post(f"/api/v1/{path}", json=body)
    assert response.status_code == 400
    assert response.json()["message"]


@pytest.mark.parametrize("data", [b"", b"{", b'{"t": NaN}', b"[" * 100_000, b" " * (2 << 20)])
def test_no_json_is_refused(client, data):
    response = client.post("/api/v1/forward", content=data, headers={"content-type": "application/json"})
    assert response.status_code == 400
