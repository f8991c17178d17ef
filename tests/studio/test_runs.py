"""Runs over the API: streamed as they are made, the package's own pictures, kept, stopped, forked, given up."""

import threading
import time

import httpx
import numpy as np
import pytest

from sfumato.model import load
from sfumato.picture import to_bytes
from sfumato.pipeline import trace
from sfumato.samplers.base import Step
from sfumato.studio.app import application
from sfumato.studio.desk import Desk
from sfumato.studio.frames import decode
from sfumato.studio.ids import Shelf
from sfumato.studio.studio import Studio
from tiny import write_clear

ASKED = {"prompt": "a red apple", "seed": 5, "steps": 4, "w": 3.0, "sampler": "ddim"}


def frames(response):
    assert response.status_code == 200, response.text
    return list(decode(response.content))


def run_of(client, **changes):
    """The hello, the steps and the picture of a run."""
    found = frames(client.post("/api/v1/runs", json=ASKED | changes))
    first, *steps, last, done = [frame for frame in found if frame.type != "leg"]
    assert (first.type, last.type, done.type) == ("hello", "picture", "done")
    assert all(step.type == "step" for step in steps)
    return first, steps, last


def test_a_run_is_the_packages_own(client, tiny_model):
    first, steps, last = run_of(client)
    (picture,) = tiny_model.generate("a red apple", seed=5, steps=4, guidance=3.0, sampler="ddim")
    assert last.header["sha256"] == picture.pixels_sha256
    np.testing.assert_array_equal(last.arrays["picture"], np.asarray(picture.image))
    assert first.header["recipe"] == picture.recipe.to_dict()
    assert first.header["words"][0] == ["[CLS]", "a", "red", "apple", "[SEP]"]
    ours = [event for event in trace(tiny_model.bundle, picture.recipe) if isinstance(event, Step)]
    for frame, step in zip(steps, ours, strict=True):
        for name, latent in (("state", step.prediction.x_t), ("guess", step.prediction.x0_hat)):
            pixels = to_bytes(tiny_model.bundle.autoencoder.decode(latent))[0]
            np.testing.assert_array_equal(frame.arrays[name], pixels)
        assert frame.header["here"]["t"] == step.here.t
        assert (frame.header["n"], frame.header["spent"]) == (4, step.i + 1)


def test_a_model_of_transparent_pictures_is_seen_over_white(client, tmp_path):
    studio = Studio(Desk(str(write_clear(tmp_path / "clear"))))
    _, steps, last = run_of(type(client)(application(studio), {"x-sfumato-token": studio.token}))
    studio.desk.close()
    (picture,) = load(tmp_path / "clear").generate("a red apple", seed=5, steps=4, guidance=3.0, sampler="ddim")
    assert last.header["sha256"] == picture.pixels_sha256
    assert last.arrays["picture"].shape == steps[0].arrays["state"].shape == (32, 32, 3)


def test_the_picture_alone_and_its_recipe_in_it(client, tiny_model, tmp_path):
    from sfumato.provenance.files import read

    answer = client.post("/api/v1/runs", json=ASKED, headers={"accept": "image/png"})
    (tmp_path / "p.png").write_bytes(answer.content)
    record, pixels, _ = read(tmp_path / "p.png")
    (again,) = tiny_model.draw([record.recipe])
    np.testing.assert_array_equal(pixels, np.asarray(again.image))


def test_it_is_kept_listed_replayed_and_given_up(client):
    first, steps, last = run_of(client)
    name = first.header["run"]
    assert (
        client.get("/api/v1/runs").json()["runs"][0] | {"state": "done"} == client.get("/api/v1/runs").json()["runs"][0]
    )
    again = frames(client.get(f"/api/v1/runs/{name}"))
    assert [frame.type for frame in again] == ["hello", *["step"] * 4, "picture", "done"]
    np.testing.assert_array_equal(again[2].arrays["guess"], steps[1].arrays["guess"])
    np.testing.assert_array_equal(again[-2].arrays["picture"], last.arrays["picture"])
    assert client.request("DELETE", f"/api/v1/runs/{name}").json() == {"dropped": name}
    assert client.get("/api/v1/runs").json() == {"runs": []}
    assert client.get(f"/api/v1/runs/{name}").status_code == 400


def test_the_dials_are_those_of_the_model(client, tiny_model):
    said = client.get("/api/v1/playground").json()
    assert said["defaults"]["steps"] == 3
    assert said["guidance"]["kind"] == "classifier-free"
    assert (said["channels"], said["most"]) == (4, 200)
    kinds = [one["kind"] for one in said["samplers"]]
    assert {"name": "variance", "value": "beta_tilde", "choices": ["beta_tilde", "beta"]} in said["samplers"][0][
        "options"
    ]
    assert "consistency" not in kinds
    for kind in kinds:
        run_of(client, sampler=kind, steps=2)
    for grid in said["grids"]:
        run_of(client, grid=grid, steps=2)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"steps": 0}, "steps"),
        ({"steps": 201}, r"1\.\.200"),
        ({"w": "4"}, "w is"),
        ({"sampler": "nothing"}, "unknown sampler"),
        ({"sampler": {"kind": "ddim", "eta": 2}}, "eta"),
        ({"sampler": 3}, "neither a name nor a table"),
        ({"grid": "x"}, "unknown grid"),
        ({"interval": [0.9, 0.1]}, "interval"),
        ({"interval": 3}, "interval"),
        ({"prompt": "a" * 2001}, "prompt"),
        ({"more": 1}, "unknown entries"),
        ({"fork": {"run": "x", "step": 1}}, "no such run"),
        ({"seed": -1}, "seed"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_one_line(client, change, words):
    import re

    answer = client.post("/api/v1/runs", json=ASKED | change)
    assert answer.status_code == 400
    assert re.search(words, answer.json()["message"])
    assert "\n" not in answer.json()["message"]
    assert client.get("/api/v1/runs").json() == {"runs": []}


def test_who_leaves_stops_it_and_what_there_is_stays(running):
    headers = {"x-sfumato-token": running.studio.token}
    body = ASKED | {"steps": 150}
    with httpx.stream("POST", f"{running.address}api/v1/runs", json=body, headers=headers, timeout=60) as answer:
        next(answer.iter_bytes())
    ((name, run),) = running.studio.runs.all()
    for _ in range(200):
        if run.state == "stopped":
            break
        time.sleep(0.05)
    kept = len(run.kept)
    assert run.state == "stopped"
    assert 0 <= kept < 150
    time.sleep(0.3)
    assert len(run.kept) == kept
    assert httpx.get(f"{running.address}api/v1/runs/{name}", headers=headers).status_code == 200


def test_a_figure_is_answered_in_the_middle_of_a_run(running):
    """A run takes the desk a step at a time."""
    headers, between = {"x-sfumato-token": running.studio.token}, []
    body = ASKED | {"steps": 150}

    def draw():
        httpx.post(f"{running.address}api/v1/runs", json=body, headers=headers, timeout=120)

    thread = threading.Thread(target=draw)
    thread.start()
    while not (runs := running.studio.runs.all()) or not runs[0][1].kept:
        time.sleep(0.01)
    running.studio.desk.ask("figure", lambda model: between.append(len(runs[0][1].kept))).result(60)
    thread.join()
    assert between[0] < 150
    assert runs[0][1].state == "done"


@pytest.mark.parametrize("sampler", ["ddim", "heun", "dpmpp-2m-sde", "unipc", "pndm"])
def test_a_fork_that_changes_nothing_is_the_same_picture(client, sampler):
    first, _, last = run_of(client, sampler=sampler)
    fork = {"fork": {"run": first.header["run"], "step": 2}}
    begun, again, end = run_of(client, sampler=sampler, **fork)
    assert end.header["sha256"] == last.header["sha256"]
    assert [frame.header["shared"] for frame in again] == [True, True, False, False]
    assert (begun.header["parent"], begun.header["at"]) == (first.header["run"], 2)
    other_begun, _, other = run_of(client, sampler=sampler, w=1.0, **fork)
    assert other.header["sha256"] != last.header["sha256"]
    of_the_fork = {"fork": {"run": other_begun.header["run"], "step": 3}}
    third, _, _ = run_of(client, sampler=sampler, prompt="a green cat", **of_the_fork)
    assert [leg["start"] for leg in third.header["legs"]] == [0, 2, 3]


def test_a_fork_is_of_a_step_that_is_there(client):
    first, _, _ = run_of(client)
    answer = client.post("/api/v1/runs", json=ASKED | {"fork": {"run": first.header["run"], "step": 4}})
    assert "0..3" in answer.json()["message"]


def test_the_shelf_makes_room_by_weight_and_keeps_the_newest():
    shelf = Shelf("run", 10, size=len, limit=10)
    names = [shelf.put("x" * 4) for _ in range(4)]
    assert [name for name, _ in shelf.all()] == names[2:]
    heavy = shelf.put("x" * 50)
    assert [name for name, _ in shelf.all()] == [heavy]
