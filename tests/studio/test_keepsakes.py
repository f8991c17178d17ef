"""What is taken home makes the same picture again; what is brought back is the same run; what is not is refused."""

import io
import shlex
import subprocess

import httpx
import numpy as np
import pytest
from PIL import Image

from sfumato.errors import RecipeError
from sfumato.inspect.archive import unpack
from sfumato.provenance.files import read
from sfumato.studio.desk import Desk
from sfumato.studio.frames import decode
from sfumato.studio.studio import Studio
from tiny import write_tiny

ASKED = {"prompt": 'a "red" apple\\', "seed": 5, "steps": 4, "w": 3.0, "sampler": {"kind": "ddim", "eta": 0.5}}
ZIP = {"content-type": "application/zip"}


def drawn(client, **changes):
    """The run's name and the hash of its picture."""
    answer = client.post("/api/v1/runs", json=ASKED | changes)
    assert answer.status_code == 200, answer.text
    found = list(decode(answer.content))
    return found[0].header["run"], found[-2].header["sha256"]


def ran(code, folder, monkeypatch):
    """What a program prints after `pixels`; the picture that it leaves is there."""
    monkeypatch.chdir(folder)
    said = {}
    exec(compile(code, "copied", "exec"), {"print": said.__setitem__})
    assert (folder / "picture.png").is_file()
    return said["pixels"]


def test_python_draws_the_same_picture(client, tmp_path, monkeypatch):
    name, sha256 = drawn(client, negative="a 'cat'", threshold="static:limit=0.5")
    assert sha256 != drawn(client, negative="a 'cat'")[1]
    assert ran(client.get(f"/api/v1/runs/{name}/code").json()["python"], tmp_path, monkeypatch) == sha256


def test_python_of_a_fork_draws_the_same_picture(client, tmp_path, monkeypatch):
    first, plain = drawn(client)
    name, sha256 = drawn(client, w=1.0, sampler="heun", fork={"run": first, "step": 2})
    assert sha256 != plain
    said = client.get(f"/api/v1/runs/{name}/code").json()
    assert said["curl"] == ""
    assert ran(said["python"], tmp_path, monkeypatch) == sha256


def test_curl_fetches_the_same_picture(running, tmp_path):
    headers = {"x-sfumato-token": running.studio.token}
    asked = ASKED | {"threshold": {"kind": "dynamic", "ratio": 0.5}}
    httpx.post(f"{running.address}api/v1/runs", json=asked, headers=headers, timeout=60)
    ((name, run),) = running.studio.runs.all()
    command = httpx.get(f"{running.address}api/v1/runs/{name}/code", headers=headers).json()["curl"]
    subprocess.run(shlex.split(command), cwd=tmp_path, check=True, timeout=120)
    record, pixels, _ = read(tmp_path / "picture.png")
    np.testing.assert_array_equal(pixels, np.asarray(run.picture.image))
    assert record.recipe.prompt == ASKED["prompt"]


def test_the_picture_has_its_recipe(client, tiny_model, tmp_path):
    name, _ = drawn(client)
    (tmp_path / "p.png").write_bytes(client.get(f"/api/v1/runs/{name}/picture.png").content)
    record, pixels, _ = read(tmp_path / "p.png")
    (again,) = tiny_model.draw([record.recipe])
    np.testing.assert_array_equal(pixels, np.asarray(again.image))


def test_a_forked_picture_does_not_claim_one_recipe(client, tmp_path):
    first, _ = drawn(client)
    name, _ = drawn(client, w=1.0, fork={"run": first, "step": 2})
    (tmp_path / "p.png").write_bytes(client.get(f"/api/v1/runs/{name}/picture.png").content)
    with pytest.raises(RecipeError, match="was forked"):
        read(tmp_path / "p.png")
    with Image.open(tmp_path / "p.png") as picture:
        assert '"start":2' in picture.text["sfumato"]
    assert b"trainedAlgorithmicMedia" in (tmp_path / "p.png").read_bytes()


@pytest.mark.parametrize(("of", "least"), [("guess", 100), ("state", 500)])
def test_a_film_has_every_step_and_does_not_flash(client, of, least):
    name, _ = drawn(client)
    answer = client.get(f"/api/v1/runs/{name}/{of}.gif")
    assert answer.headers["content-type"] == "image/gif"
    with Image.open(io.BytesIO(answer.content)) as film:
        times = []
        for k in range(film.n_frames):
            film.seek(k)
            times.append(film.info["duration"])
    assert sum(times) == 4 * times[0] + 2000
    assert min(times) >= least


def test_an_exported_run_comes_back_and_can_be_forked(client, studio):
    name, sha256 = drawn(client)
    data = client.get(f"/api/v1/runs/{name}/run.zip").content
    again = client.post("/api/v1/imports", content=data, headers=ZIP).json()["run"]
    first, second = studio.runs.get(name), studio.runs.get(again)
    assert second.imported
    assert second.picture.pixels_sha256 == sha256
    for one, other in zip(first.kept, second.kept, strict=True):
        np.testing.assert_array_equal(one.state, other.state)
        np.testing.assert_array_equal(one.guess, other.guess)
    compared = client.post("/api/v1/compare", json={"one": name, "other": again}).json()
    assert compared["first"] is None
    assert compared["picture"] == 0.0
    asked = {key: ASKED[key] for key in ("seed",)}
    assert drawn(client, **asked, fork={"run": again, "step": 2})[1] == sha256
    assert client.get(f"/api/v1/runs/{again}/run.zip").content == data


def test_a_run_of_another_model_is_refused(client, tmp_path):
    name, _ = drawn(client)
    data = client.get(f"/api/v1/runs/{name}/run.zip").content
    other = Studio(Desk(str(write_tiny(tmp_path / "other", seed=9))))
    from sfumato.studio.app import application

    there = type(client)(application(other), {"x-sfumato-token": other.token})
    answer = there.post("/api/v1/imports", content=data, headers=ZIP)
    other.desk.close()
    assert answer.status_code == 400
    assert "load the model that the recipe names" in answer.json()["message"]


def test_what_is_no_run_is_refused(client):
    for data in (b"", b"PK", b"\x89PNG"):
        answer = client.post("/api/v1/imports", content=data, headers=ZIP)
        assert answer.status_code == 400
    assert client.get("/api/v1/runs").json() == {"runs": []}
    name, _ = drawn(client)
    assert "no such file" in client.get(f"/api/v1/runs/{name}/nothing.exe").json()["message"]


def test_two_runs_are_compared_step_by_step(client, tiny_model):
    one, _ = drawn(client)
    two, _ = drawn(client, w=1.0, fork={"run": one, "step": 2})
    said = client.post("/api/v1/compare", json={"one": one, "other": two}).json()
    assert (said["first"], said["aligned"], len(said["steps"])) == (2, True, 4)
    assert [row["x_t"] > 0 for row in said["steps"]] == [False, False, False, True]
    assert [row["x0_hat"] > 0 for row in said["steps"]] == [False, False, True, True]
    assert said["picture"] > 0
    longer, _ = drawn(client, steps=5)
    said = client.post("/api/v1/compare", json={"one": one, "other": longer}).json()
    assert (said["first"], said["aligned"]) == (1, False)
    assert client.post("/api/v1/compare", json={"one": one, "other": "x"}).status_code == 400


def test_a_stopped_run_is_taken_home_without_a_picture(client, studio, tiny_model):
    name, _ = drawn(client)
    run = studio.runs.get(name)
    run.kept, run.picture, run.latent, run.state = run.kept[:2], None, None, "stopped"
    assert "not drawn to its end" in client.get(f"/api/v1/runs/{name}/picture.png").json()["message"]
    data = client.get(f"/api/v1/runs/{name}/run.zip").content
    assert len(unpack(data, tiny_model.bundle.conditioner([""]).tokens).steps) == 2
    again = client.post("/api/v1/imports", content=data, headers=ZIP).json()["run"]
    assert studio.runs.get(again).state == "stopped"
