"""OpenAI's own client draws with the studio, and gets the package's own pictures, bit for bit."""

import base64
import io
import threading
import time

import httpx
import numpy as np
import openai
import pytest
from PIL import Image
from reading import left
from sources import ROOT

from sfumato.picture import to_bytes
from sfumato.pipeline import trace
from sfumato.process.grid import GRIDS
from sfumato.process.tabulated import Linear
from sfumato.provenance.files import read
from sfumato.samplers.base import Step
from sfumato.studio.app import application
from sfumato.studio.desk import Desk
from sfumato.studio.foreign.openai_said import moments
from sfumato.studio.foreign.sizes import nearest
from sfumato.studio.studio import Studio
from tiny import write_clear

EXTRA = {"seed": 5, "steps": 6, "guidance_scale": 3.0, "sampler": "ddim", "negative_prompt": "a green pear"}
PLAIN = {"seed": 5, "steps": 6, "guidance": 3.0, "sampler": "ddim", "negative": "a green pear"}
PATH = "/v1/images/generations"


def pixels_of(coded, kind="PNG"):
    with Image.open(io.BytesIO(base64.b64decode(coded)), formats=[kind]) as image:
        return np.asarray(image)


@pytest.fixture(scope="module")
def theirs(shared):
    with openai.OpenAI(base_url=f"{shared.address}v1", api_key="anything", max_retries=0) as client:
        yield client


def test_the_client_draws_the_packages_own_pictures(theirs, tiny_model, tmp_path):
    answer = theirs.images.generate(prompt="a red apple", n=2, size="96x64", extra_body=EXTRA)
    ours = tiny_model.generate("a red apple", count=2, size=(48, 32), **PLAIN)
    for k, (one, picture) in enumerate(zip(answer.data, ours, strict=True)):
        np.testing.assert_array_equal(pixels_of(one.b64_json), np.asarray(picture.image))
        (tmp_path / "p.png").write_bytes(base64.b64decode(one.b64_json))
        assert read(tmp_path / "p.png")[0].recipe == picture.recipe
        assert picture.recipe.seed == 5 + k
    assert (answer.size, answer.output_format, answer.background) == ("48x32", "png", "opaque")
    f = tiny_model.bundle.autoencoder.factor
    places = 2 * (48 // f) * (32 // f)
    assert answer.usage.input_tokens_details.text_tokens == answer.usage.input_tokens == 5  # [CLS] a red apple [SEP]
    assert (answer.usage.output_tokens, answer.usage.total_tokens) == (places, places + 5)


def test_a_stream_shows_what_the_model_believes_and_ends_in_the_picture(theirs, tiny_model):
    recipe = tiny_model.recipe("a red apple", **PLAIN)
    steps = [event for event in trace(tiny_model.bundle, recipe) if isinstance(event, Step)]
    for kind in ("x0hat", "x_t"):
        events = theirs.images.generate(
            prompt="a red apple", stream=True, partial_images=3, extra_body=EXTRA | {"partial_kind": kind}
        )
        *partials, last = list(events)
        assert [event.type for event in partials] == ["image_generation.partial_image"] * 3
        assert [event.partial_image_index for event in partials] == [0, 1, 2]
        shown = moments([*(step.here for step in steps), steps[-1].there], 3)
        for event, i in zip(partials, shown, strict=True):
            belief = steps[i].prediction
            image = tiny_model.bundle.autoencoder.decode(belief.x0_hat if kind == "x0hat" else belief.x_t)
            np.testing.assert_array_equal(pixels_of(event.b64_json), to_bytes(image)[0])
        (picture,) = tiny_model.draw([recipe])
        assert last.type == "image_generation.completed"
        np.testing.assert_array_equal(pixels_of(last.b64_json), np.asarray(picture.image))
        assert last.usage.output_tokens == (32 // tiny_model.bundle.autoencoder.factor) ** 2


def test_the_documents_example_runs(shared, tiny_model, tmp_path, monkeypatch):
    text = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
    code = text.partition("```python\n")[2].partition("```")[0]
    monkeypatch.chdir(tmp_path)
    exec(compile(code.replace("http://127.0.0.1:8420/", shared.address), "clients.md", "exec"), {})
    assert {path.name for path in tmp_path.iterdir()} == {"apple.png", "guess-0.png", "guess-1.png", "guess-2.png"}
    record, pixels, _ = read(tmp_path / "apple.png")
    ours = {"seed": 7, "steps": 20, "guidance": 4.0, "sampler": "ddim", "negative": "a green apple"}
    assert record.recipe == tiny_model.recipe("a red apple, 3d render", **ours)
    np.testing.assert_array_equal(pixels, np.asarray(tiny_model.draw([record.recipe])[0].image))


def test_without_partial_images_a_stream_is_the_picture_alone(theirs):
    (last,) = theirs.images.generate(prompt="a red apple", stream=True, extra_body=EXTRA)
    assert (last.type, last.size, last.output_format) == ("image_generation.completed", "32x32", "png")


def test_guesses_are_spread_evenly_in_lam():
    levels = GRIDS["trailing"](Linear(T=1000), 50)
    lams = [float(level.lam) for level in levels[:-1]]
    found = moments(levels, 3)
    for k, i in enumerate(found):
        target = lams[0] + (k + 1) / 4 * (lams[-1] - lams[0])
        assert abs(lams[i] - target) == min(abs(lam - target) for lam in lams)
    assert found != [12, 25, 37]  # which would be even in steps
    assert moments(GRIDS["trailing"](Linear(T=1000), 3), 3) == [0, 1]
    assert moments(GRIDS["trailing"](Linear(T=1000), 1), 3) == []


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_formats(theirs, tiny_model, kind):
    answer = theirs.images.generate(prompt="a red apple", output_format=kind, extra_body=EXTRA)
    (picture,) = tiny_model.generate("a red apple", **PLAIN)
    found = pixels_of(answer.data[0].b64_json, kind.upper())
    if kind != "jpeg":
        np.testing.assert_array_equal(found, np.asarray(picture.image))
    assert base64.b64decode(answer.data[0].b64_json) == picture.encode(kind)[0]


def test_a_seed_that_nobody_named_is_new_each_time_and_is_told(theirs, tiny_model):
    answers = [theirs.images.with_raw_response.generate(prompt="a red apple", extra_body={"steps": 2}) for _ in "ab"]
    seeds = [int(answer.headers["x-sfumato-seed"]) for answer in answers]
    assert seeds[0] != seeds[1]
    (picture,) = tiny_model.generate("a red apple", seed=seeds[0], steps=2)
    np.testing.assert_array_equal(pixels_of(answers[0].parse().data[0].b64_json), np.asarray(picture.image))


def test_what_is_ignored_is_named(theirs):
    answer = theirs.images.with_raw_response.generate(
        prompt="a red apple", model="gpt-image-1", quality="high", style="vivid", user="me", extra_body=EXTRA
    )
    assert answer.headers["x-sfumato-ignored"] == "quality, style, user, model"
    assert "x-sfumato-ignored" not in theirs.images.with_raw_response.generate(prompt="a", extra_body=EXTRA).headers


def test_a_prompt_that_was_cut_is_told(theirs):
    answer = theirs.images.generate(prompt="a" * 2001, extra_body={"steps": 1})
    assert answer.data[0].revised_prompt == "a" * 2000


def test_models(theirs):
    (found,) = theirs.models.list()
    assert (found.id, found.object, found.owned_by) == ("tiny", "model", "sfumato")
    assert abs(found.created - time.time()) < 86_400
    assert theirs.models.retrieve("tiny") == found
    with pytest.raises(openai.NotFoundError):
        theirs.models.retrieve("large")


def test_a_model_that_knows_alpha_draws_transparent_pictures(client, tmp_path):
    studio = Studio(Desk(str(write_clear(tmp_path / "clear"))))
    bare = type(client)(application(studio))
    body = {"prompt": "a red apple", "steps": 2, "seed": 1, "background": "transparent"}
    answer = bare.post(PATH, json=body).json()
    assert answer["background"] == "transparent"
    assert pixels_of(answer["data"][0]["b64_json"]).shape == (32, 32, 4)
    assert bare.post(PATH, json=body | {"output_format": "jpeg"}).json()["error"]["param"] == "output_format"
    studio.desk.close()


def test_a_size_is_the_nearest_in_shape_then_in_area():
    sizes = [(128, 128), (256, 256), (192, 128), (128, 192)]
    assert nearest(sizes, (1024, 1024)) == (256, 256)
    assert nearest(sizes, (100, 100)) == (128, 128)
    assert nearest(sizes, (1536, 1024)) == (192, 128)
    assert nearest(sizes, (1024, 1792)) == (128, 192)


@pytest.mark.parametrize("stream", [False, True])
def test_who_leaves_is_drawn_no_further(running, stream):
    body = {"prompt": "a red apple", "steps": 200, "n": 1 if stream else 10, "stream": stream}
    order = left(running, PATH, body)
    made = (order.at, order.step.i)
    time.sleep(0.3)
    assert made == (order.at, order.step.i)
    assert not order.pictures


def test_one_order_at_a_time(running, tiny_model):
    found = {}

    def draw(seed):
        body = {"prompt": "a red apple", "seed": seed, "steps": 20}
        found[seed] = httpx.post(f"{running.address}v1/images/generations", json=body, timeout=60).json()

    threads = [threading.Thread(target=draw, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    under_way = set()
    while any(thread.is_alive() for thread in threads):
        under_way.add(sum(order.encoded is not None for order in list(running.studio.line._orders)))
        time.sleep(0.005)
    assert max(under_way) == 1
    for seed in range(3):
        (picture,) = tiny_model.generate("a red apple", seed=seed, steps=20)
        np.testing.assert_array_equal(pixels_of(found[seed]["data"][0]["b64_json"]), np.asarray(picture.image))
