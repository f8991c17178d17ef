"""Questions to a run: true to the network's own answers over the wire, and shown in the playground."""

import numpy as np
import pytest
from test_page import AXE, VIEWS
from test_playground import ASKED as PLACE
from test_playground import drawn, ended, readouts

from sfumato.inspect.geometry import geometry
from sfumato.inspect.watch import watch
from sfumato.pipeline import encode
from sfumato.studio.frames import decode

ASKED = {"prompt": "a red apple", "negative": "a cat", "seed": 5, "steps": 4, "w": 3.0, "sampler": "ddim"}
TABS = ("attention", "guidance", "text", "latents", "network", "nearest", "takeaway")


@pytest.fixture
def name(client):
    return next(decode(client.post("/api/v1/runs", json=ASKED).content)).header["run"]


def asked(client, what, **body):
    answer = client.post(f"/api/v1/ask/{what}", json=body)
    assert answer.status_code == 200, answer.text
    return next(decode(answer.content))


@pytest.mark.parametrize(("side", "words"), [("prompt", "a red apple"), ("negative", "a cat")])
def test_attention_is_the_networks_own(client, studio, tiny_model, name, side, words):
    frame = asked(client, "attention", run=name, step=2, side=side)
    step, seen = studio.runs.get(name).kept[2].step, []
    cond = encode(tiny_model.bundle.conditioner, [words])
    with watch(tiny_model.bundle.denoiser, "*cross*", lambda path, weights: seen.append(weights[0].numpy())):
        tiny_model.bundle.denoiser(step.prediction.x_t, step.here, cond)
    assert frame.header["words"] == list(cond.words[0])
    assert len(frame.header["layers"]) == len(seen) >= 2
    for j, weights in enumerate(seen):
        maps = frame.arrays[f"maps{j}"]
        assert list(maps.shape) == frame.header["shapes"][j]
        np.testing.assert_allclose(maps.astype(np.float64).sum(axis=1), 1.0, atol=3e-3)
        ours = weights[:, :, : len(cond.words[0])].transpose(0, 2, 1)
        np.testing.assert_allclose(maps.reshape(ours.shape), ours, atol=1e-3)


def test_guidance_is_measured_at_every_step(client, studio, name):
    frame = asked(client, "guidance", run=name, step=1)
    kept = studio.runs.get(name).kept
    for said, one in zip(frame.header["steps"], kept, strict=True):
        assert said["cosine"] == pytest.approx(geometry(one.step).cosine)
    assert frame.header["steps"][1]["bits"] == pytest.approx(frame.arrays["bits"].sum(), rel=1e-5)
    assert frame.header["steps"][3]["bits"] is None
    assert asked(client, "guidance", run=name, step=3).arrays == {}


def test_text_is_read_on_both_sides(client, name):
    prompt, negative = asked(client, "text", run=name).header["sides"]
    assert prompt["words"] == ["[CLS]", "a", "red", "apple", "[SEP]"]
    assert negative["words"] == ["[CLS]", "a", "cat", "[SEP]"]
    assert np.diag(prompt["alike"]) == pytest.approx(1.0)
    assert (prompt["room"], prompt["width"]) == (8, 16)


def test_latents_are_those_that_were_kept(client, studio, name):
    kept = studio.runs.get(name).kept
    frame = asked(client, "latents", run=name, step=1, place=[2, 3, 1])
    belief = kept[1].step.prediction
    for said, ours in (("x_t", belief.x_t), ("x0_hat", belief.x0_hat), ("eps_hat", belief.eps_hat)):
        np.testing.assert_array_equal(frame.arrays[said], ours[0].numpy())
    np.testing.assert_array_equal(frame.arrays["x_0"], studio.runs.get(name).latent[0].numpy())
    np.testing.assert_allclose(frame.arrays["x_0"], kept[-1].step.x_next[0].numpy())
    assert frame.header["shape"] == list(belief.x_t.shape[1:])
    assert frame.header["held"] == [float(one.step.prediction.x_t[0, 2, 3, 1]) for one in kept]
    assert frame.header["believed"] == [float(one.step.prediction.x0_hat[0, 2, 3, 1]) for one in kept]
    middle = asked(client, "latents", run=name, step=1).header
    assert middle["place"] == [0, belief.x_t.shape[2] // 2, belief.x_t.shape[3] // 2]
    assert middle["held"] != frame.header["held"]


@pytest.mark.parametrize("place", [[0, 0], [0, 0, 0.5], [-1, 0, 0], [99, 0, 0], [0, 0, 99], "middle"])
def test_a_place_outside_of_the_latents_is_refused(client, name, place):
    answer = client.post("/api/v1/ask/latents", json={"run": name, "step": 0, "place": place})
    assert answer.status_code == 400
    assert "place" in answer.text


def test_the_networks_parts_and_their_times(client, name):
    said = asked(client, "network", run=name, step=0).header
    top = [part for part in said["parts"] if not part["parent"]]
    assert {"net.conv_in", "net.mid", "net.conv_out"} <= {part["path"] for part in top}
    assert all(part["seconds"] > 0 for part in said["parts"])
    assert said["seconds"] > 0


@pytest.mark.parametrize(
    "change", [{"run": "x"}, {"step": 4}, {"step": -1}, {"side": "both"}, {"more": 1}, {"step": "0"}]
)
def test_what_cannot_be_asked_is_refused(client, name, change):
    assert client.post("/api/v1/ask/attention", json={"run": name, "step": 0} | change).status_code == 400


@pytest.mark.parametrize("view", VIEWS)
def test_every_page_of_evidence_is_there_without_barriers(read, view):
    reader = read(place=PLACE, **VIEWS[view])
    reader.page.wait_for_selector("#prompt")
    reader.page.wait_for_load_state("networkidle")  # the runs that there are have been listed
    before = reader.page.locator("#history li").count()
    reader.page.get_by_role("button", name="Draw", exact=True).click()
    ended(reader, before + 1)
    reader.page.locator("#scrub").fill("3")
    marks = {
        "attention": ".tile.heat",
        "guidance": ".field",
        "text": ".tokens",
        "latents": ".tile.heat",
        "network": ".parts",
        "nearest": ".copied",
        "takeaway": ".doors",
    }
    for tab in TABS:
        reader.page.locator(f"#tab-{tab}").click()
        reader.page.wait_for_selector(f"#evidence {marks[tab]}")
        reader.page.evaluate(AXE)
        found = reader.page.evaluate("async () => (await axe.run('#evidence')).violations")
        assert not [f"{tab} {one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]
        width = reader.page.viewport_size["width"]
        assert reader.page.evaluate("document.documentElement.scrollWidth") <= width, tab
    assert reader.said == []


def test_words_layers_and_steps_change_the_map(read, running):
    reader = drawn(read(running, PLACE))
    reader.page.locator("#tab-attention").click()
    reader.page.wait_for_selector(".tile.heat")
    map_of = "() => { const one = document.querySelector('.heat canvas');" + (
        " return one.getContext('2d').getImageData(0, 0, one.width, one.height).data.join(); }"
    )
    seen = [reader.page.evaluate(map_of)]
    reader.page.locator(".words").get_by_text("apple", exact=True).click()
    seen.append(reader.page.evaluate(map_of))
    reader.page.get_by_label("Layer").select_option("1")
    seen.append(reader.page.evaluate(map_of))
    reader.page.get_by_label("Head").select_option("1")
    seen.append(reader.page.evaluate(map_of))
    assert len(set(seen)) == 4
    mean = readouts(reader)["mean-3"]
    reader.page.locator("#scrub").fill("1")
    reader.page.wait_for_function(
        "mean => document.querySelector('[data-readout=mean-3]').dataset.value !== mean", arg=mean
    )
    reader.page.locator("#tab-attention").focus()
    reader.page.keyboard.press("ArrowRight")
    reader.page.wait_for_selector("#tab-guidance[aria-selected=true]")


def test_a_number_of_the_latents_is_followed(read, running):
    reader = drawn(read(running, PLACE))
    reader.page.locator("#tab-latents").click()
    reader.page.wait_for_selector("#evidence .tile.latents")
    assert reader.page.locator("#evidence .tile.latents").count() == 2
    seen = [readouts(reader)["held"]]

    def changed():
        reader.page.wait_for_function(
            "old => document.querySelector('#evidence [data-readout=held]').dataset.value !== old", arg=seen[-1]
        )
        seen.append(readouts(reader)["held"])

    reader.page.locator("#evidence .heat canvas").focus()
    reader.page.keyboard.press("ArrowLeft")
    changed()
    reader.page.locator("#evidence").get_by_text("2", exact=True).click()
    changed()
    reader.page.locator("#scrub").fill("1")
    changed()
    reader.page.locator("#evidence").get_by_role("button", name="Show numbers").click()
    left = [float(readouts(reader)[f"left-{k}"]) for k in range(3)]
    assert min(left) > 0
    assert reader.said == []


def test_parts_open_into_parts_and_are_timed_again(read, running):
    reader = drawn(read(running, PLACE))
    reader.page.locator("#tab-network").click()
    reader.page.locator(".parts").get_by_role("button", name="mid", exact=False).first.click()
    reader.page.wait_for_selector(".parts ol li")
    whole = "() => document.querySelector('[data-readout=whole]')?.dataset.value"
    before = reader.page.evaluate(whole)
    reader.page.get_by_role("button", name="Time it again").click()
    reader.page.wait_for_function(f"before => ![before, undefined].includes(({whole})())", arg=before)


def test_two_runs_side_by_side(read, running):
    reader = drawn(read(running, PLACE))
    reader.page.locator("#scrub").fill("3")
    reader.page.locator("#w").fill("8")
    reader.page.locator("#fork").click()
    ended(reader, 2)
    reader.page.get_by_role("button", name="Compare with run 1").click()
    assert "first step that differs is 3" in reader.page.locator(".compared [data-readout=first]").inner_text()
    assert "guidance" in reader.page.locator(".compared .settings").inner_text()
    flat = "() => { const one = document.querySelectorAll('.compared canvas')[2];" + (
        " return new Set(one.getContext('2d').getImageData(0, 0, one.width, one.height).data).size; }"
    )
    reader.page.locator("#scrub").fill("1")
    assert reader.page.evaluate(flat) == 2, "grey and opaque"
    reader.page.locator("#scrub").fill("5")
    assert reader.page.evaluate(flat) > 2
    reader.page.get_by_role("button", name="End the comparison").click()
    assert reader.page.locator(".compared").count() == 0


def test_taking_home_and_bringing_back(read, running, tmp_path):
    reader = drawn(read(running, PLACE))
    reader.page.locator("#tab-takeaway").click()
    for label, name in (("Picture", "picture.png"), ("Film of the guess", "guess.gif"), ("The whole run", "run.zip")):
        with reader.page.expect_download() as got:
            reader.page.get_by_role("button", name=label, exact=True).click()
        assert got.value.suggested_filename == name
        got.value.save_as(tmp_path / name)
        assert (tmp_path / name).stat().st_size > 500
    reader.page.get_by_role("button", name="Copy as Python").click()
    assert "model.generate('a red apple'" in reader.page.locator(".code pre").inner_text()
    with reader.page.expect_file_chooser() as chosen:
        reader.page.get_by_role("button", name="Open an exported run").click()
    chosen.value.set_files(tmp_path / "run.zip")
    ended(reader, 2)
    assert "imported" in reader.page.locator("#history li").first.inner_text()
    (tmp_path / "bad.zip").write_bytes(b"PK")
    with reader.page.expect_file_chooser() as chosen:
        reader.page.get_by_role("button", name="Open an exported run").click()
    chosen.value.set_files(tmp_path / "bad.zip")
    assert "no run, or damaged" in reader.page.get_by_role("alert").inner_text()
