"""The calls that programs make of A1111's web API, as they make them, and the package's own pictures in answer."""

import base64
import io
import json
import threading
import time

import httpx
import numpy as np
from PIL import Image
from reading import left, until

from sfumato import __version__
from sfumato.provenance.files import encode, read
from sfumato.provenance.record import open_record

TXT2IMG = "/sdapi/v1/txt2img"
ASKED = {"prompt": "a red apple", "negative_prompt": "a green pear", "seed": 5, "steps": 6, "cfg_scale": 3}
OURS = {"negative": "a green pear", "steps": 6, "guidance": 3.0}

SILLYTAVERN = {
    "url": "http://127.0.0.1:8420", "auth": "", "prompt": "a red apple", "negative_prompt": "a green pear",
    "sampler_name": "DPM++ 2M", "scheduler": "karras", "steps": 6, "cfg_scale": 3, "width": 512, "height": 512,
    "restore_faces": False, "enable_hr": False, "hr_upscaler": "Latent", "hr_scale": 2, "hr_additional_modules": [],
    "denoising_strength": 0.7, "hr_second_pass_steps": 0, "seed": 5, "clip_skip": 1, "save_images": True,
    "override_settings": {"CLIP_stop_at_last_layers": 1}, "override_settings_restore_afterwards": True,
    "send_images": True, "do_not_save_grid": False, "do_not_save_samples": False,
}  # fmt: skip
"""A body of the kind that SillyTavern sends."""


def opened(coded):
    with Image.open(io.BytesIO(base64.b64decode(coded, validate=True)), formats=["PNG"]) as image:
        image.load()
        return image


def drawn(bare, **changes):
    answer = bare.post(TXT2IMG, json=ASKED | changes)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    return said["images"], said["parameters"], json.loads(said["info"])


def test_pictures_are_the_packages_own(bare, tiny_model, tmp_path):
    images, parameters, info = drawn(bare, batch_size=2, n_iter=2, width=96, height=64, sampler_name="Heun")
    ours = tiny_model.generate("a red apple", seed=5, count=4, size=(48, 32), sampler="heun", **OURS)
    for coded, picture in zip(images, ours, strict=True):
        np.testing.assert_array_equal(np.asarray(opened(coded)), np.asarray(picture.image))
        (tmp_path / "p.png").write_bytes(base64.b64decode(coded))
        assert read(tmp_path / "p.png")[0].recipe == picture.recipe
    assert (parameters["width"], parameters["height"], parameters["sampler_name"]) == (48, 32, "Heun")
    assert info["all_seeds"] == [5, 6, 7, 8]
    assert info["infotexts"] == [opened(coded).text["parameters"] for coded in images]
    assert info["sfumato"] == {"ignored": [], "notes": list(ours[0].notes), "interrupted": False}


def test_the_lines_in_the_picture(bare, tiny_model):
    (coded,), _, _ = drawn(bare)
    name = tiny_model.bundle.model_hash[:10]
    assert opened(coded).text["parameters"] == (
        "a red apple\nNegative prompt: a green pear\nSteps: 6, Sampler: DDIM, Schedule type: Trailing, CFG scale: 3, "
        f"Seed: 5, Size: 32x32, Model hash: {name}, Model: tiny, Version: sfumato {__version__}"
    )
    assert b"tEXtparameters\0" in base64.b64decode(coded)


def test_as_sillytavern_asks(bare, tiny_model):
    said = bare.post(TXT2IMG, json=SILLYTAVERN).json()
    (picture,) = tiny_model.generate("a red apple", seed=5, sampler="dpmpp-2m", grid="karras", **OURS)
    np.testing.assert_array_equal(np.asarray(opened(said["images"][0])), np.asarray(picture.image))
    ignored = json.loads(said["info"])["sfumato"]["ignored"]
    assert {"denoising_strength", "hr_upscaler", "save_images", "override_settings.CLIP_stop_at_last_layers"} <= set(
        ignored
    )
    assert not {"restore_faces", "enable_hr", "hr_additional_modules"} & set(ignored)


def test_as_open_webui_asks(bare, tiny_model):
    options = bare.get("/sdapi/v1/options", headers={"authorization": "Basic eDp5"}).json()
    options["sd_model_checkpoint"] = bare.get("/sdapi/v1/sd-models").json()[0]["model_name"]
    answer = bare.post("/sdapi/v1/options", json=options)
    assert (answer.status_code, "x-sfumato-ignored" in answer.headers) == (200, False)
    body = {
        "prompt": "a red apple",
        "batch_size": 1,
        "width": 512,
        "height": 512,
        "steps": 3,
        "sampler_name": "Euler a",
    }
    said = bare.post(TXT2IMG, json=body).json()
    seed = json.loads(said["info"])["seed"]
    (picture,) = tiny_model.generate("a red apple", seed=seed, steps=3, sampler="euler-ancestral")
    np.testing.assert_array_equal(np.asarray(opened(said["images"][0])), np.asarray(picture.image))


def test_as_librechat_asks(bare):
    coded = bare.post(TXT2IMG, json={"prompt": "a red apple", "negative_prompt": "", "steps": 2}).json()["images"][0]
    for image in (coded, f"data:image/png;base64,{coded}"):
        said = bare.post("/sdapi/v1/png-info", json={"image": image}).json()
        assert said["info"].startswith("a red apple\nSteps: 2, Sampler: DDIM")
        assert said["parameters"]["Steps"] == 2
        assert said["items"]["parameters"] == said["info"]


def test_png_info_of_other_pictures(bare, tiny_model):
    def ask(data):
        return bare.post("/sdapi/v1/png-info", json={"image": base64.b64encode(data).decode()})

    (picture,) = tiny_model.generate("a red apple", seed=5, **OURS)
    assert ask(encode(picture.image, open_record(picture.recipe), "png")).json()["info"].startswith("a red apple\nNeg")
    out = io.BytesIO()
    Image.new("RGB", (4, 4)).save(out, "PNG")
    assert ask(out.getvalue()).json() == {"info": "", "items": {"parameters": ""}, "parameters": {}}
    for data in (b"", b"GIF89a", out.getvalue()[:20]):
        assert ask(data).status_code == 400
    for image in ("not base64!", 3, None):
        assert bare.post("/sdapi/v1/png-info", json={"image": image}).status_code == 400


def test_a_seed_of_minus_one_is_drawn(bare):
    seeds = [drawn(bare, seed=-1, steps=1)[2]["seed"] for _ in range(2)]
    assert seeds[0] != seeds[1]
    assert min(seeds) >= 0


def test_nothing_under_way_is_exactly_zero(bare):
    for _ in range(2):
        said = bare.get("/sdapi/v1/progress").json()
        assert (said["progress"], said["state"]["job_count"], said["current_image"]) == (0.0, 0, None)
        drawn(bare, steps=1)


class Asking(threading.Thread):
    """A program that waits for its pictures."""

    def __init__(self, running, **changes):
        super().__init__()
        self.address, self.body, self.said = running.address, ASKED | {"steps": 200} | changes, {}
        self.start()
        until(lambda: running.studio.line.current is not None and running.studio.line.current.step is not None)

    def run(self):
        self.said = httpx.post(f"{self.address}sdapi/v1/txt2img", json=self.body, timeout=120).json()

    def end(self):
        self.join()
        return self.said["images"], json.loads(self.said["info"])


def test_progress_is_told_and_seen(running):
    asking = Asking(running, n_iter=2)
    seen = []
    while asking.is_alive():
        said = httpx.get(f"{running.address}sdapi/v1/progress").json()
        seen += [said] if said["state"]["job_count"] else []
    shares = [said["progress"] for said in seen]
    assert shares == sorted(shares)
    assert max(shares) > 0.5
    assert {said["state"]["job_no"] for said in seen} >= {0, 1}
    assert {said["state"]["sampling_steps"] for said in seen} == {200}
    assert opened(next(said["current_image"] for said in seen if said["current_image"])).size == (32, 32)
    assert len(asking.end()[0]) == 2
    assert httpx.get(f"{running.address}sdapi/v1/progress").json()["progress"] == 0.0


def test_interrupting_keeps_what_is_finished(running, tiny_model):
    asking = Asking(running, n_iter=10, steps=60)
    until(lambda: running.studio.line.current.at >= 1)
    assert httpx.post(f"{running.address}sdapi/v1/interrupt").json() == {}  # without a body, as SillyTavern does
    images, info = asking.end()
    assert 1 <= len(images) < 10
    assert info["sfumato"]["interrupted"]
    (picture,) = tiny_model.generate("a red apple", seed=5, **(OURS | {"steps": 60}))
    np.testing.assert_array_equal(np.asarray(opened(images[0])), np.asarray(picture.image))


def test_skipping_goes_on_with_the_next(running):
    asking = Asking(running, n_iter=2)
    httpx.post(f"{running.address}sdapi/v1/skip", json={})
    images, info = asking.end()
    assert (len(images), info["all_seeds"]) == (1, [6])


def test_who_leaves_is_drawn_no_further(running):
    order = left(running, TXT2IMG, ASKED | {"steps": 200, "n_iter": 10})
    made = (order.at, order.step and order.step.i)
    time.sleep(0.3)
    assert made == (order.at, order.step and order.step.i)


def test_pictures_may_be_left_out(bare):
    images, _, info = drawn(bare, send_images=False, steps=1)
    assert (images, info["all_seeds"]) == ([], [5])
