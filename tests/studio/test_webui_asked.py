"""What A1111's clients look up and may ask for: names, the model, and what is refused."""

import json

import pytest

from sfumato.process.grid import GRIDS
from sfumato.samplers import SAMPLERS
from sfumato.studio.foreign.webui_names import NAMES, SCHEDULERS, grid_of, sampler_of

TXT2IMG = "/sdapi/v1/txt2img"
ASKED = {"prompt": "a red apple", "negative_prompt": "a green pear", "seed": 5, "steps": 6, "cfg_scale": 3}


def drawn(bare, **changes):
    answer = bare.post(TXT2IMG, json=ASKED | changes)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    return said["images"], said["parameters"], json.loads(said["info"])


def test_samplers_and_schedulers_go_by_both_names(bare, tiny_model):
    assert set(NAMES) == set(SAMPLERS)
    assert set(SCHEDULERS) == set(GRIDS)
    kinds = [kind for kind in SAMPLERS if kind != "consistency"]
    found = bare.get("/sdapi/v1/samplers").json()
    assert [one["aliases"][0] for one in found] == kinds
    for one, kind in zip(found, kinds, strict=True):
        for name in (one["name"], one["name"].upper(), *one["aliases"]):
            assert sampler_of(tiny_model, name) == (kind, None)
        assert drawn(bare, sampler_name=one["name"], steps=2)[1]["sampler_name"] == one["name"]
    assert sampler_of(tiny_model, "DPM++ 2M SDE Karras") == ("dpmpp-2m-sde", "karras")
    listed = bare.get("/sdapi/v1/schedulers").json()
    assert [one["name"] for one in listed] == ["automatic", *GRIDS]
    for one in listed:
        for name in (one["name"], one["label"], *(one["aliases"] or ())):
            assert (grid_of(name) or "automatic") == one["name"]
    assert drawn(bare, sampler_index="Euler", scheduler="exponential", steps=2)[1]["scheduler"] == "uniform-lambda"
    assert drawn(bare, sampler_name="Euler Karras", scheduler="Automatic", steps=2)[1]["scheduler"] == "karras"


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"sampler_name": "DPM adaptive"}, 404, "Sampler not found"),
        ({"sampler_name": "LCM"}, 404, "Sampler not found"),
        ({"scheduler": "nothing"}, 404, "Scheduler not found"),
        ({"override_settings": {"sd_model_checkpoint": "large"}}, 404, "not found"),
        ({"override_settings": 3}, 400, "override_settings"),
        ({"batch_size": 0}, 400, "batch_size"),
        ({"batch_size": 4, "n_iter": 3}, 400, "at most 10"),
        ({"steps": 201}, 400, "steps"),
        ({"seed": -2}, 400, "seed"),
        ({"cfg_scale": "7"}, 400, "cfg_scale"),
        ({"width": 0}, 400, "width"),
        ({"prompt": 3}, 400, "prompt"),
        ({"prompt": "\ud800"}, 400, "surrogate"),
        ({"send_images": 1}, 400, "send_images"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_their_shape(bare, change, status, words):
    body = json.dumps(ASKED | change).encode()
    answer = bare.post(TXT2IMG, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert words in answer.json()["detail"]


def test_the_model_is_ours_or_none(bare, tiny_model):
    (found,) = bare.get("/sdapi/v1/sd-models").json()
    assert (found["sha256"], found["model_name"]) == (tiny_model.bundle.model_hash, "tiny")
    assert "/" not in found["filename"]
    assert bare.get("/sdapi/v1/options").json()["sd_model_checkpoint"] == found["title"]
    for name in (found["title"], found["hash"], "tiny"):
        assert bare.post("/sdapi/v1/options", json={"sd_model_checkpoint": name}).status_code == 200
        assert len(drawn(bare, override_settings={"sd_model_checkpoint": name}, steps=1)[0]) == 1
    assert bare.post("/sdapi/v1/options", json={"sd_model_checkpoint": "large"}).status_code == 404
    answer = bare.post("/sdapi/v1/options", json={"CLIP_stop_at_last_layers": 2, "x\r\ny": 1, "é": 1})
    assert answer.headers["x-sfumato-ignored"] == "CLIP_stop_at_last_layers"


def test_what_is_not_here_is_an_empty_list(bare):
    for name in ("latent-upscale-modes", "sd-vae", "sd-modules", "loras", "prompt-styles"):
        assert bare.get(f"/sdapi/v1/{name}").json() == []
    assert bare.get("/sdapi/v1/upscalers").json()[0]["name"] == "None"
    assert bare.get("/sdapi/v1/cmd-flags").json()["api"] is True
    ram = bare.get("/sdapi/v1/memory").json()["ram"]
    assert ram["total"] == ram["free"] + ram["used"] > 0


@pytest.mark.parametrize("name", ["interrupt", "skip"])
def test_only_without_a_body_may_its_kind_be_unsaid(bare, name):
    assert bare.post(f"/sdapi/v1/{name}").status_code == 200
    assert bare.post(f"/sdapi/v1/{name}", content=b"x").status_code == 415
    assert bare.post(f"/sdapi/v1/{name}", headers={"content-type": "text/plain"}).status_code == 415
    assert bare.post(f"/sdapi/v1/{name}", headers={"origin": "http://evil.example"}).status_code == 403
    assert bare.post("/sdapi/v1/txt2img").status_code == 415
